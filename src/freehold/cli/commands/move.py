"""``freehold move``: take services to another home while they run."""

from __future__ import annotations

import click

from freehold.cli.options import Call, agree, command, duration
from freehold.cli.out import Block, Result, Say, Tone
from freehold.spec.model import Layout

_ACTIONS = (
    "start", "status", "verify", "cutover", "rollback", "complete", "abort", "resume", "auto", "purge", "find",
)  # fmt: skip
_WATCHDOG = "watchdog"
KEPT = "7d"
"""For how long old tables are kept after the completion of their move, unless somebody says otherwise."""
_STREAMED = frozenset({"start", "verify", "cutover", "rollback", "complete", "abort", "resume", "auto"})
"""Actions that take their time: with --json each thing that happens is a line, and the answer is the last."""


class _Action(click.Choice[str]):
    """What a person can ask for; the word by which a switch starts its watchdog is taken and never offered."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return value if value == _WATCHDOG else super().convert(value, param, ctx)


@command()
@click.argument("action", type=_Action(_ACTIONS), required=False)
@click.option("--auto", is_flag=True, help="The same as the action auto.")
@click.option("--to", "layout", type=click.Choice([one.value for one in Layout]), help="The layout to move to.")
@click.option(
    "--service", "services", metavar="NAME", multiple=True, help="Only this service; may be repeated. Default: all."
)
@click.option("--to-instance", metavar="NAME", default="", help="start: the instance for the one service named.")
@click.option("--to-database", metavar="NAME", default="", help="start: the database for the one service named.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Sessions that copy side by side."
)
@click.option(
    "--pause",
    "pause_ms",
    metavar="DURATION",
    default="2s",
    show_default=True,
    callback=duration,
    help="cutover, rollback: the longest that clients may be held back; past it the service goes on where it was.",
)
@click.option(
    "--lag",
    "lag_ms",
    metavar="DURATION",
    default="200ms",
    show_default=True,
    callback=duration,
    help="cutover, rollback: how quickly a row must cross, three times in a row, before anybody is held back.",
)
@click.option("--tries", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many attempts.")
@click.option(
    "--soak",
    "soak_ms",
    metavar="DURATION",
    default="0ms",
    show_default=True,
    callback=duration,
    help="auto: how long each service runs at its new home before its move is completed.",
)
@click.option(
    "--verify",
    "anew",
    is_flag=True,
    help="cutover, rollback: compare every row first, and what is written then until the pause begins.",
)
@click.option(
    "--verified-within",
    "within_ms",
    metavar="DURATION",
    default="1h",
    show_default=True,
    callback=duration,
    help="cutover: how old the last verification may be.",
)
@click.option(
    "--unverified",
    is_flag=True,
    help="cutover: although no verification says that both sides are the same; rollback, complete: although one says"
    " that they differ.",
)
@click.option(
    "--sample",
    type=click.FloatRange(0, 100, min_open=True),
    metavar="PERCENT",
    help="verify: only so much of the rows.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="verify: which part of the rows a sample is.")
@click.option("--counts", is_flag=True, help="verify: only how many rows there are; no proof.")
@click.option(
    "--repair", is_flag=True, help="verify: rewrite rows that differ on the side that follows, and look again."
)
@click.option(
    "--right",
    type=click.Choice(("source", "target")),
    help="verify --repair: which home is right. Needed once the service lives at its target.",
)
@click.option(
    "--continuous",
    "for_ms",
    metavar="DURATION",
    default="0ms",
    show_default=True,
    callback=duration,
    help="verify: go on comparing every row that is written for so long.",
)
@click.option("--parent", type=int, hidden=True, default=0, help="The process that switches.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="start, auto: only say what is in the way; a new instance of our own is started to be asked."
    " purge: only say what would be dropped.",
)
@click.option(
    "--no-backup", is_flag=True, help="start, auto: move without an archive that was restored and compared first."
)
@click.option(
    "--older-than",
    "older_ms",
    metavar="DURATION",
    default=KEPT,
    show_default=True,
    callback=duration,
    help="purge: keep what was completed later than so long ago; 0s drops all at once.",
)
@click.option("--yes", is_flag=True, help="Do not ask before completing, aborting or dropping.")
def move(
    call: Call,
    action: str | None,
    auto: bool,
    layout: str | None,
    services: tuple[str, ...],
    to_instance: str,
    to_database: str,
    jobs: int,
    pause_ms: int,
    lag_ms: int,
    tries: int,
    soak_ms: int,
    anew: bool,
    within_ms: int,
    unverified: bool,
    sample: float | None,
    seed: int,
    counts: bool,
    repair: bool,
    right: str | None,
    for_ms: int,
    parent: int,
    dry_run: bool,
    no_backup: bool,
    older_ms: int,
    yes: bool,
) -> Result:
    """Move services to another layout, database or instance while they are in use, and back.

    \b
    start     back up, make the new home, copy, and follow every change; the service stays where it is
    status    where each move stands, how far behind the copy is, the WAL it keeps, and what can be done next
    verify    compare every row on both sides while writes go on
    cutover   hold the pool back for a moment and let the service go on at its new home
    rollback  the same the other way; nothing that was written at the new home is lost
    complete  end the way back and put the old tables away
    abort     give the move up before a cutover, or after a rollback; leaves nothing behind
    resume    end a switch that was interrupted, and go on with a start that was
    auto      start, verify, cut over, soak and complete, one service after the other
    purge     drop what completed moves put away more than --older-than ago
    find      ask the databases which moves there are, where this machine does not know of them

    Without an action it is status, of the services that are named; any other option wants one. `--to LAYOUT --auto`
    is the same as `auto --to LAYOUT`.

    A switch waits for no longer than --pause and tries again when somebody's transaction is in the way. A watchdog
    frees the service when this process dies. Ctrl-C is safe at any time: it says where things stand and what goes on.
    With --json everything that happens is a line of its own (docs/move-events.md), the answer the last one; status,
    purge and find print the answer alone. Exit code 2 when verification finds a difference, purge --dry-run something
    that is due, or status WAL that is kept for nobody; 3 when a server does not answer.
    """
    from freehold.cli import movehomes, movestart, movetasks, movewords, moving
    from freehold.cli import movereports as report
    from freehold.cli.interrupted import telling
    from freehold.move.model import SOURCE, TARGET
    from freehold.move.run.switching import Limits
    from freehold.move.verify.model import Mode, Options

    if action == _WATCHDOG:
        return _watchdog(call, services[0], pause_ms, parent)
    action = movewords.chosen(click.get_current_context(), action, auto=auto)
    call.out.streams = action in _STREAMED
    context = call.context
    limits = Limits(pause_ms=float(pause_ms), lag_ms=float(lag_ms), tries=tries)
    with telling(context, action, services):
        if (to_instance or to_database) and len(services) != 1:
            raise click.UsageError("--to-instance and --to-database are for one service: name it with --service")
        if action in ("start", "auto"):
            return report.started(
                context,
                movetasks.tasks(context, Layout(layout) if layout else None, services, to_instance, to_database),
                jobs=jobs,
                limits=limits,
                soak_ms=soak_ms,
                through=action == "auto",
                dry_run=dry_run,
                backup=not no_backup,
            )
        if action == "purge":
            from freehold.cli.movepurge import purge

            return purge(context, services, older_ms=older_ms, dry_run=dry_run, yes=yes)
        entries = movehomes.find(context) if action == "find" else movetasks.known(context, services)
        if action in ("status", "find"):
            from freehold.cli.movestatus import status

            return status(context, entries, judged=action == "status")
        if not entries:
            return Result({"action": action, "moves": []}, (Say("· no service is being moved", Tone.DIM),))
        if action in ("verify", "cutover", "rollback", "resume") and not services:
            entries = tuple(entry for entry in entries if not entry.in_place)
        if action == "verify":
            mode = Mode.COUNTS if counts else Mode.SAMPLE if sample is not None else Mode.FULL
            options = Options(mode=mode, percent=sample or 100.0, seed=seed, repair=repair, workers=jobs)
            return report.verified(context, entries, options, for_ms, right or "")
        if action in ("complete", "abort"):
            if action == "complete" and not unverified:
                from freehold.cli.moveends import undisputed

                undisputed(context, entries)
            named = ", ".join(entry.move.service for entry in entries)
            agree(f"{action} the move of {named}?", yes=yes, otherwise=f"{action} of {named} asks for a yes")
        blocks: list[Block] = []
        for entry in entries:
            name = entry.move.service
            match action:
                case "cutover" | "rollback":
                    side = SOURCE if action == "cutover" else TARGET
                    took = moving.switch(
                        context,
                        entry,
                        side,
                        limits,
                        unverified=unverified,
                        within_ms=within_ms,
                        verify=Options(workers=jobs) if anew else None,
                    )
                    blocks += report.switched(name, action, took)
                case "resume":
                    side = moving.heal(context, entry)
                    blocks.append(Say(f"✓ {name} is served by its {side}", Tone.GOOD))
                    if side == SOURCE:
                        movestart.resume(context, entry, jobs=jobs, backup=not no_backup)
                case "complete":
                    retired = moving.complete(context, entry, [one.move.service for one in entries])
                    blocks.append(report.completed(name, retired))
                case "abort":
                    moving.abort(context, entry)
                    blocks.append(Say(f"✓ the move of {name} is given up; nothing of it is left", Tone.GOOD))
        if action == "complete":
            blocks += report.after_completion(context)
        return report.ended(context, action, entries, blocks)


def _watchdog(call: Call, service: str, pause_ms: int, parent: int) -> Result:
    from freehold.cli import instances, movetasks, moving, watching

    context = call.context
    watching.get_ready()
    if not watching.watch(pause_ms, parent):
        (entry,) = movetasks.known(context, [service])
        side = watching.until_healed(
            lambda waits_s: moving.heal(context, entry, [waits_s]),
            lambda: instances.revive(context),
            context.folder.moves_log,
        )
        return Result(raw=f"{side}\n")
    return Result({"action": _WATCHDOG, "moves": []})
