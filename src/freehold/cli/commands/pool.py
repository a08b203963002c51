"""``freehold pool``: the connection pools in front of the services."""

from __future__ import annotations

from pathlib import Path

import click

from freehold.cli.options import Call, command, duration
from freehold.cli.out import Block, Cell, Result, Say, Table, Tone

_ACTIONS = ("status", "start", "stop", "pause", "resume", "reload", "advise", "export")


@command()
@click.argument("action", type=click.Choice(_ACTIONS), default="status")
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option(
    "--timeout",
    "timeout_ms",
    default="2s",
    show_default=True,
    callback=duration,
    help="pause: how long open transactions may take to end; past it nothing is held back.",
)
@click.option(
    "--window",
    "window_ms",
    default="10s",
    show_default=True,
    callback=duration,
    help="advise: how long the load is watched.",
)
@click.option("--into", metavar="FOLDER", default="pools", show_default=True, help="export: where the files go.")
def pool(call: Call, action: str, services: tuple[str, ...], timeout_ms: int, window_ms: int, into: str) -> Result:
    """Show or steer the connection pools of the services.

    They are PgBouncers that Freehold writes, starts and stops on this machine.

    \b
    status   clients, waiting clients and their wait, and how full each pool is
    start    start what is declared; also done by up
    stop     stop every PgBouncer of the platform; clients are cut off
    pause    let transactions end and hold new ones back; all named services or none
    resume   let traffic flow
    reload   write the files anew and let PgBouncer read them
    advise   watch the load and say what size each pool should have
    export   write the files and a systemd unit for a PgBouncer that somebody else runs

    Exit code 2 when a pool is paused or clients wait for more than a second, 3 when one does not run.
    """
    from freehold.cli import pools, poolwork

    context = call.context
    if action in ("start", "reload"):
        pools.up(context)
    elif action == "stop":
        ran = pools.down(context)
        return Result({"action": action, "pools": [], "stopped": list(ran)}, (Say(f"✓ stopped {len(ran)} pools"),))
    elif action == "pause":
        poolwork.hold(context, services, timeout_ms)
    elif action == "resume":
        poolwork.let_go(context, services)
    elif action == "advise":
        return _advise(call, services, window_ms)
    elif action == "export":
        return _export(call, Path(into))
    return _status(call, action, services)


def _status(call: Call, action: str, services: tuple[str, ...]) -> Result:
    from freehold.cli import pools, poolwork
    from freehold.pool.report import utilisation

    context = call.context
    context.known_services(services)
    found = [one for one in poolwork.statuses(context) if not services or one.entry.service in services]
    rows: list[tuple[str | Cell, ...]] = []
    for one in found:
        seen = one.seen
        rows.append(
            (
                one.entry.service,
                _state(one),
                f"{one.host}:{one.port}" if one.port else "",
                str(seen.clients_active) if seen else "",
                str(seen.clients_waiting) if seen else "",
                f"{seen.longest_wait_ms:.0f}" if seen else "",
                f"{seen.servers_active}/{one.entry.size}" if seen else "",
                f"{utilisation(seen, one.entry.size):.0%}" if seen else "",
            )
        )
    stopped = [one for one in found if one.alive < one.processes]
    held = [one for one in found if one.seen and (one.seen.paused or one.seen.longest_wait_ms > 1000)]
    blocks: list[Block] = []
    if found:
        header = ("service", "", "address", "clients", "waiting", "wait ms", "busy", "full")
        blocks.append(Table(header, rows, numbers=frozenset({3, 4, 5, 6, 7})))
    elif context.platform.pooler is None:
        blocks.append(Say("the declaration has no pooler: services connect directly", Tone.DIM))
    else:
        blocks.append(Say("no service declares a pool", Tone.DIM))
    if reason := pools.missing(context):
        blocks.append(Say(f"! {reason}", Tone.WARN))
    return Result(
        document={
            "action": action,
            "pools": [
                {
                    "service": one.entry.service,
                    "alias": one.entry.alias,
                    "host": one.host,
                    "port": one.port,
                    "running": one.alive == one.processes,
                    "paused": one.seen.paused if one.seen else False,
                    "clients_active": one.seen.clients_active if one.seen else 0,
                    "clients_waiting": one.seen.clients_waiting if one.seen else 0,
                    "longest_wait_ms": one.seen.longest_wait_ms if one.seen else 0,
                    "servers_active": one.seen.servers_active if one.seen else 0,
                    "servers_idle": one.seen.servers_idle if one.seen else 0,
                    "size": one.entry.size,
                    "utilisation": utilisation(one.seen, one.entry.size) if one.seen else 0,
                    "instance": one.entry.instance,
                    "database": one.entry.database,
                }
                for one in found
            ],
        },
        blocks=tuple(blocks),
        exit=3 if stopped else 2 if held else 0,
        next="freehold pool start" if stopped else "freehold pool resume" if held else "freehold pool advise",
    )


def _state(one: object) -> Cell:
    from freehold.cli.poolwork import Status

    assert isinstance(one, Status)
    if not one.alive:
        return Cell("○ stopped", Tone.BAD)
    if one.alive < one.processes:
        return Cell(f"! {one.alive} of {one.processes} run", Tone.WARN)
    return Cell("‖ paused", Tone.WARN) if one.seen and one.seen.paused else Cell("● runs", Tone.GOOD)


def _advise(call: Call, services: tuple[str, ...], window_ms: int) -> Result:
    from freehold.cli import poolwork

    call.out.note(f"watching the pools for {window_ms / 1000:g} s")
    found = poolwork.advice(call.context, services, window_ms / 1000)
    changes = [one for one in found if one.advised != one.declared]
    rows = [
        (
            one.service,
            str(one.declared),
            Cell(str(one.advised), Tone.WARN if one in changes else Tone.GOOD),
            f"{one.busy:.2f}",
            f"{one.mean_wait_ms:.2f}",
            f"{one.transactions_per_s:.0f}",
            one.reason,
        )
        for one in found
    ]
    header = ("service", "size", "advised", "busy", "wait ms", "tx/s", "because")
    return Result(
        document={
            "action": "advise",
            "pools": [],
            "advice": [{name: getattr(one, name) for name in one.__slots__} for one in found],
        },
        blocks=(Table(header, rows, numbers=frozenset({1, 2, 3, 4, 5})),),
        exit=2 if changes else 0,
        next="freehold pool status",
    )


def _export(call: Call, folder: Path) -> Result:
    from freehold.cli import pools

    written = pools.export(call.context, folder)
    return Result(
        document={"action": "export", "pools": [], "files": [str(path) for path in written]},
        blocks=(Say(f"✓ wrote {len(written)} files below {folder}; the list of users holds secrets", Tone.GOOD),),
        next=f"ls {folder}",
    )
