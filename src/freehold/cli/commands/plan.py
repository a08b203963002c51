"""``freehold plan``: what would change."""

from __future__ import annotations

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Result, Script


@command()
@click.option("-o", "--out", "target", metavar="FILE", help="Also write the plan to a file that `apply FILE` accepts.")
@click.option("--sql", "as_sql", is_flag=True, help="Print the exact SQL instead, as a script for psql.")
@click.option("--authoritative", is_flag=True, help="Also plan to remove what nobody declared.")
@click.option("--allow-destroy", is_flag=True, help="Also plan steps that drop or take away something in use.")
@click.option(
    "--service", "services", metavar="NAME", multiple=True, help="Only this service's steps; may be repeated."
)
def plan(
    call: Call,
    target: str | None,
    as_sql: bool,
    authoritative: bool,
    allow_destroy: bool,
    services: tuple[str, ...],
) -> Result:
    """Show the steps that lead from what is there to what is declared.

    Exit code 0 when there is nothing to do, 2 when changes are pending.
    """
    from freehold.plan.show import script

    context = call.context
    from freehold.cli import verbs

    made = verbs.plan(context, authoritative=authoritative, allow_destroy=allow_destroy, services=services)
    for lack in made.lacking:
        call.out.warn(lack)
    if target:
        verbs.write_plan(context, target, made)
    from freehold.cli.shapes import plan_blocks

    follow = f"freehold apply {target}" if target and made.plan.steps else made.follow("freehold apply")
    return Result(
        document=made.document(),
        blocks=(Script(script(made.plan)),) if as_sql else plan_blocks(made.plan, made.summary, made.withheld),
        exit=2 if made.pending else 0,
        next=follow if made.pending else "freehold prove",
    )
