"""``freehold adopt``: split a database that was there before into the schemas of its services."""

from __future__ import annotations

import click

from freehold.cli.options import Call, agree, command, duration
from freehold.cli.out import Result


@command()
@click.option(
    "--service", "services", metavar="NAME", multiple=True, help="Only this service; may be repeated. Default: all."
)
@click.option("--dry-run", is_flag=True, help="Only show what would move, and what is in the way.")
@click.option("--no-views", is_flag=True, help="Leave nothing under the old names; clients must use the new ones.")
@click.option("--drop-views", is_flag=True, help="End the old names of what was adopted.")
@click.option("--undo", is_flag=True, help="Bring everything back to where it was, with its owner and its rights.")
@click.option(
    "--wait",
    "wait_ms",
    metavar="DURATION",
    default="1min",
    show_default=True,
    callback=duration,
    help="How long to try to get the locks of a service's tables between its clients' transactions.",
)
@click.option("--yes", is_flag=True, help="Do not ask before --drop-views or --undo.")
def adopt(
    call: Call,
    services: tuple[str, ...],
    dry_run: bool,
    no_views: bool,
    drop_views: bool,
    undo: bool,
    wait_ms: int,
    yes: bool,
) -> Result:
    """Split a database that was there before into the schemas of its services, while it is in use.

    Each service gets the tables under its adopts: with their rows, keys, indexes, defaults, triggers and policies;
    nothing is copied. Views under the old names keep clients working that know no other. A run that was interrupted is
    continued by the next one; a second run finds nothing to do. Run `freehold apply` afterwards: it gives the logins of
    the services their rights.
    Exit code 2 when something is in the way (with --dry-run: when there is something to do).
    """
    if drop_views + undo + no_views > 1:
        raise click.UsageError("choose one of --no-views, --drop-views and --undo")
    from freehold.cli import adopting
    from freehold.cli import adoptreports as report
    from freehold.cli.progress import Bar

    context = call.context
    names = adopting.chosen(context, services)
    action = "undo" if undo else "drop-views" if drop_views else "adopt"
    with Bar("adopting") as progress:
        world = adopting.world_of(context, progress, wait_ms)
        views = action == "adopt" and not no_views
        looks = adopting.survey(context, world, names, views=views)
        told = report.told(looks, action)
        pending = report.pending(looks, action)
        if dry_run or adopting.blocked(told) or not pending:
            return report.answer(looks, action, told, dry_run=dry_run, done=False)
        match action:
            case "undo":
                agree("Bring the tables back?", yes=yes, otherwise="nothing was brought back")
                adopting.undo(world, looks)
            case "drop-views":
                agree("End the old names?", yes=yes, otherwise="the old names stay")
                adopting.drop_views(world, looks)
            case _:
                adopting.provision(context, names)
                adopting.adopt(context, world, looks, views=views)
    return report.answer(looks, action, told, dry_run=False, done=True)
