"""``freehold apply``: make the steps of a plan."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from freehold.cli.options import Call, agree, command
from freehold.cli.out import Result, Say, Tone

if TYPE_CHECKING:
    from freehold.apply.model import Applied
    from freehold.cli.made import Made


@command()
@click.argument("planfile", required=False)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--authoritative", is_flag=True, help="Also remove what nobody declared.")
@click.option("--allow-destroy", is_flag=True, help="Also do steps that drop or take away something in use.")
@click.option("--restart", is_flag=True, help="Restart our own instances when a setting needs it.")
@click.option(
    "--wait",
    "wait_s",
    metavar="SECONDS",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How long to wait for another run to finish.",
)
@click.option(
    "--service", "services", metavar="NAME", multiple=True, help="Only this service's steps; may be repeated."
)
def apply(
    call: Call,
    planfile: str | None,
    yes: bool,
    dry_run: bool,
    authoritative: bool,
    allow_destroy: bool,
    restart: bool,
    wait_s: int,
    services: tuple[str, ...],
) -> Result:
    """Make the steps of a plan, journalled and in order.

    With PLANFILE exactly that plan is made; it is refused when the servers or the declaration changed since. Without
    one a plan that the servers changed under, as the switch of a service or a restart does, is made anew; what nobody
    has agreed to is asked for again.
    A run that was interrupted is continued by running the same command again.
    """
    from freehold.cli.shapes import plan_blocks, summary_line

    context = call.context
    from freehold.cli import instances, verbs
    from freehold.cli.bringing import apply_anew, planned_anew
    from freehold.plan.show import changes

    plan = partial(verbs.plan, context, authoritative=authoritative, allow_destroy=allow_destroy, services=services)
    made = verbs.plan_from_file(context, planfile) if planfile else plan()
    shown = plan_blocks(made.plan, made.summary, made.withheld)

    def agreed(made: Made) -> None:
        from freehold.cli.terminal import write_to_stderr

        if not yes:
            write_to_stderr(plan_blocks(made.plan, made.summary, made.withheld))
            agree("Make these changes?", yes=yes, otherwise="apply would change the servers")

    if dry_run or not made.plan.steps:
        taken = () if dry_run else verbs.take_back(context, made, wait_ms=wait_s * 1000)
        waiting = instances.restart_pending(context, restart=True) if restart and not dry_run else ()
        return Result(
            document={
                "applied": 0,
                "failed": 0,
                "journal_id": "",
                "restart_pending": list(waiting),
                **made.short_document(),
            },
            blocks=(*(Say(f'✓ took back login "{name}"', Tone.GOOD) for name in taken), *shown),
            exit=2 if made.pending else 0,
            next=made.follow("freehold apply") if made.pending else "freehold prove",
        )
    if not planfile:
        agreed(made)
    if restart and not planfile:
        # a step may need what an earlier run has set: the library of an extension
        instances.restart_pending(context, restart=True)
        made = planned_anew(list(changes(made.plan)), plan, agreed)
    done: Applied | None
    if planfile:
        done = verbs.apply(context, made, wait_ms=wait_s * 1000)
    else:
        made, done = apply_anew(context, made, plan, agreed, wait_ms=wait_s * 1000)
    pending = instances.restart_pending(context, restart=restart)
    blocks = [
        Say(f"✓ applied {done.applied} steps ({summary_line(made.summary)}); journal {done.journal_id}", Tone.GOOD)
        if done
        else Say("· nothing is left to do: somebody else did it", Tone.DIM)
    ]
    if pending:
        blocks.append(Say(f"! a restart is needed for settings on: {', '.join(pending)}", Tone.WARN))
    return Result(
        document={
            "applied": done.applied if done else 0,
            "failed": done.failed if done else 0,
            "journal_id": done.journal_id if done else "",
            "restart_pending": list(pending),
            **made.short_document(),
        },
        blocks=tuple(blocks),
        next="freehold apply --restart" if pending else "freehold prove",
    )
