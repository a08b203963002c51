"""``freehold up``: from a declaration to a proved platform."""

from __future__ import annotations

import shlex

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Block, Cell, Result, Say, Table, Tone
from freehold.finding import JsonObject


@command()
@click.option("--show-secrets", is_flag=True, help="Print the connection strings with their passwords.")
@click.option("--allow-destroy", is_flag=True, help="Also do steps that drop or take away something in use.")
@click.option("--no-prove", is_flag=True, help="Leave out the proof.")
def up(call: Call, show_secrets: bool, allow_destroy: bool, no_prove: bool) -> Result:
    """Start what is ours to start, apply, prove, and print where everything is.

    May be interrupted and run again at any time; the second run does only what is left.
    """
    from freehold.cli.shapes import plan_blocks, proof_blocks, summary_line
    from freehold.prove.show import as_json

    context = call.context
    from freehold.cli import instances, logins, pools, verbs
    from freehold.cli.bringing import bring

    fresh = instances.start(context)
    made, done = bring(context, allow_destroy=allow_destroy, wait_ms=60_000)
    if done is None:
        verbs.take_back(context, made, wait_ms=60_000)
    before = instances.ports(context)
    pending = instances.restart_pending(context, restart=True, only=fresh)
    replicas = any(link.replica_login for link in context.placements.links)
    if instances.ports(context) != before or (fresh and replicas):
        # somebody took a port during the restart: what names the old one (foreign servers, subscriptions) follows;
        # and replicas that wait for what only a restart gives
        bring(context, allow_destroy=allow_destroy, wait_ms=60_000)
    absent = pools.missing(context)
    bouncers = () if absent else pools.up(context)
    report = None if no_prove else verbs.prove(context, services=(), attacks=(), workers=8)
    ways = logins.write_env_files(context)
    blocks: list[Block] = []
    if done is None:
        blocks += plan_blocks(made.plan, made.summary, made.withheld)
    else:
        blocks.append(
            Say(f"✓ applied {done.applied} steps ({summary_line(made.summary)}); journal {done.journal_id}", Tone.GOOD)
        )
    if pending:
        blocks.append(
            Say(f"! a restart is needed for settings on: {', '.join(pending)} (freehold apply --restart)", Tone.WARN)
        )
    if report:
        blocks += proof_blocks(report)
    blocks.append(
        Table(
            ("service", "DATABASE_URL", "in file"),
            [(login.service, Cell(login.url if show_secrets else login.safe_url), login.env_file) for login in ways],
        )
    )
    blocks += [
        Say(
            f"instance {instance.name}: {instance.host}:{instance.port}, PostgreSQL {instance.version}, "
            + (instance.data or "not ours"),
            Tone.DIM,
        )
        for instance in instances.statuses(context)
    ]
    blocks += [Say(f"pool {one.name}: {one.host}:{one.port}", Tone.DIM) for one in bouncers]
    if absent:
        blocks.append(Say(f"! {absent}", Tone.WARN))
    good = report is None or report.passed
    blocks.append(
        Say(f"✓ {context.platform.name} is up", Tone.GOOD)
        if good
        else Say(f"✗ {context.platform.name} is up, but not proved isolated", Tone.BAD)
    )
    document: JsonObject = {
        "instances": [instance.as_json() for instance in instances.statuses(context)],
        "apply": {
            "applied": done.applied if done else 0,
            "failed": done.failed if done else 0,
            "journal_id": done.journal_id if done else "",
            "summary": dict(made.summary),
            "restart_pending": list(pending),
        },
        "services": [login.as_json(show_secrets=show_secrets) for login in ways],
    }
    if report:
        document["proof"] = as_json(report)
    first = ways[0].service if ways else "SERVICE"
    return Result(
        document=document,
        blocks=tuple(blocks),
        exit=0 if good else 3 if report and report.unreachable else 2,
        next=f'psql "$(freehold url {shlex.quote(first)})"' if good else "freehold prove",
        shows_secrets=show_secrets,
    )
