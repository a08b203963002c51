"""``freehold seed``: fill the tables with made-up rows."""

from __future__ import annotations

import click

from freehold.cli.options import Call, agree_by_name, command
from freehold.cli.out import Block, Result, Say, Table, Tone


@command()
@click.option(
    "--rows",
    metavar="NUMBER",
    type=click.IntRange(1, 10**12),
    default=10_000,
    show_default=True,
    help="Rows of all tables together; the recipe's weights divide them.",
)
@click.option("--seed", "seed_number", metavar="NUMBER", type=int, default=1, show_default=True, help="Other rows.")
@click.option("--recipe", metavar="FILE", help="The recipe; else seed.yaml beside the declaration, if there is one.")
@click.option("--service", "services", metavar="NAME", multiple=True, help="Only this service; may be repeated.")
@click.option("--table", "tables", metavar="SCHEMA.TABLE", multiple=True, help="Only this table; may be repeated.")
@click.option("--until", metavar="MOMENT", help="From when on `today` and `-90d` in the recipe count; today.")
@click.option("--dry-run", is_flag=True, help="Only say how many rows and about how many bytes each table would get.")
@click.option("--append", is_flag=True, help="Add rows to tables that have some; they go on counting.")
@click.option("--replace", is_flag=True, help="Empty the tables first; asks for the platform's name.")
@click.option("--confirm", metavar="NAME", help="The platform's name, for --replace without a question.")
@click.option(
    "--processes",
    metavar="NUMBER",
    type=click.IntRange(0, 64),
    help="Processes that make the rows; as many as this machine has cores to spare, 0 is none beside this one.",
)
@click.option(
    "--workers",
    metavar="NUMBER",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Tables at the same time.",
)
def seed(
    call: Call,
    rows: int,
    seed_number: int,
    recipe: str | None,
    services: tuple[str, ...],
    tables: tuple[str, ...],
    dry_run: bool,
    append: bool,
    replace: bool,
    confirm: str | None,
    until: str | None,
    workers: int,
    processes: int | None,
) -> Result:
    """Fill the tables with made-up rows, the same every time.

    What seed.yaml does not name gets a draw that fits its type, keys, CHECKs and name. The same seed, rows and recipe
    give the same bytes, whatever the layout and however many workers. A run that was interrupted is continued by
    running the same command again.
    """
    from freehold.cli.logins import apply_world
    from freehold.cli.progress import Bar
    from freehold.cli.seeding import LentDoors, makers_wanted, recipe_of
    from freehold.local.clock import SystemClock
    from freehold.seed.moments import parse_moment
    from freehold.seed.plan import Does, Request
    from freehold.seed.run import World, fill, prepare
    from freehold.spec.names import parse_table, show_table

    if append and replace:
        raise click.UsageError("--append and --replace exclude each other")
    context = call.context
    context.known_services(services)
    context.all_reachable()
    try:
        wanted = frozenset(parse_table(name) for name in tables)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--table") from None
    try:
        anchor = parse_moment(until) if until else None
    except (ValueError, OverflowError):
        raise click.BadParameter("write 2026-01-31 or 2026-01-31 12:30:00, in UTC", param_hint="--until") from None
    request = Request(str(seed_number), rows, wanted, append, replace, anchor)
    clock = SystemClock()
    began = clock.monotonic_ms()
    with Bar("seeding") as progress, LentDoors(apply_world(context, progress), context.placements) as doors:
        world = World(context.servers, doors, clock, progress)
        planned = prepare(
            world, context.platform, context.placements, recipe_of(context, recipe), request, frozenset(services)
        )
        emptied = [name for name, task in planned.tasks.items() if task.does is Does.REPLACE]
        if emptied and not dry_run:
            agree_by_name(
                context.platform.name,
                confirm=confirm,
                what=f"--replace empties {len(emptied)} tables of platform {context.platform.name}",
            )
        done = {} if dry_run else fill(world, planned, workers, makers_wanted(planned.rows, processes))
    shown = []
    for name in [*planned.order, *(one for one in planned.tasks if one not in planned.order)]:
        task, loaded = planned.tasks[name], done.get(name)
        table = planned.makers.tables[name]
        size = loaded.bytes if loaded else round(planned.row_bytes.get(name, 0) * task.rows) if dry_run else 0
        shown.append(
            {
                "service": table.service,
                "instance": table.instance,
                "database": table.database,
                "table": show_table(name),
                "does": task.does.value,
                "first": task.start,
                "rows": task.rows,
                "bytes": size,
                "duration_ms": loaded.ms if loaded else 0,
            }
        )
    total = sum(int(str(row["rows"])) for row in shown)
    size = sum(int(str(row["bytes"])) for row in shown)
    duration_ms = clock.monotonic_ms() - began
    busy = [row for row in shown if row["rows"]]
    lines = [
        (str(row["table"]), str(row["service"]), str(row["does"]), f"{row['rows']:,}", f"{int(str(row['bytes'])):,}")
        for row in busy
    ]
    quiet = len(shown) - len(busy)
    rate = f" in {duration_ms / 1000:.1f} s, {total / max(duration_ms, 1) * 1000:,.0f} rows/s" if done else ""
    would = "would load" if dry_run else "loaded"
    blocks: list[Block] = [
        *([Table(("table", "service", "", "rows", "bytes"), lines, numbers=frozenset({3, 4}))] if lines else []),
        *([Say(f"· {quiet} tables left as they are", Tone.DIM)] if quiet else []),
        Say(f"✓ {would} {total:,} rows, {size / 1e6:,.1f} MB{rate}", Tone.GOOD)
        if total
        else Say("✓ nothing to do: every table has its rows", Tone.GOOD),
    ]
    return Result(
        document={
            "platform": context.platform.name,
            "seed": str(seed_number),
            "dry_run": dry_run,
            "rows": total,
            "bytes": size,
            "duration_ms": duration_ms,
            "tables": shown,
        },
        blocks=tuple(blocks),
        exit=2 if dry_run and total else 0,
        next=f"freehold seed --rows {rows}" if dry_run else "freehold prove",
    )
