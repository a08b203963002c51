"""``freehold destroy``: drop what was declared."""

from __future__ import annotations

import click

from freehold.cli.options import Call, agree_by_name, command
from freehold.cli.out import Result, Say, Tone
from freehold.errors import FreeholdError


@command()
@click.option("--allow-destroy", is_flag=True, help="Required: every step drops something with its data.")
@click.option("--confirm", metavar="NAME", help="The platform's name, instead of typing it.")
@click.option("--dry-run", is_flag=True, help="Only show what would be dropped.")
def destroy(call: Call, allow_destroy: bool, confirm: str | None, dry_run: bool) -> Result:
    """Drop every declared object, with its data.

    Databases, roles and settings; what nobody declared stays.
    """
    from freehold.cli.shapes import plan_blocks, summary_line

    context = call.context
    from freehold.cli import verbs

    made = verbs.destruction(context)
    if dry_run or not made.plan.steps:
        return Result(
            document={"applied": 0, "failed": 0, "journal_id": "", "restart_pending": [], **made.steps_document()},
            blocks=plan_blocks(made.plan, made.summary, ()),
            exit=2 if made.plan.steps else 0,
            next="freehold destroy --allow-destroy" if made.plan.steps else "freehold up",
        )
    name = context.platform.name
    if not allow_destroy:
        raise FreeholdError(
            f'destroy would drop {len(made.plan.steps)} objects of platform "{name}" with their data',
            hint="Look at `freehold destroy --dry-run`, then add --allow-destroy.",
        )
    agree_by_name(name, confirm=confirm, what=f"{len(made.plan.steps)} objects are dropped, with all their data")
    done = verbs.apply(context, made, wait_ms=10_000)
    return Result(
        document={
            "applied": done.applied,
            "failed": done.failed,
            "journal_id": done.journal_id,
            "restart_pending": [],
            **made.steps_document(),
        },
        blocks=(Say(f"✓ dropped: {done.applied} steps ({summary_line(made.summary)})", Tone.GOOD),),
        next="freehold up",
    )
