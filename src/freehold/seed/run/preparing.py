"""What a run would do: everything looked at, bound and decided, and nothing changed yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from freehold.errors import FreeholdError, RecipeRefused
from freehold.layouts.model import Placements
from freehold.seed.args import targets
from freehold.seed.maker import Makers, TableMaker
from freehold.seed.model import Size, Table
from freehold.seed.moments import parse_moment
from freehold.seed.order import circular, ordered
from freehold.seed.plan import Does, Request, Task, enlarged, final_sizes, growing, kept, tasks
from freehold.seed.recipe import Recipe, problems
from freehold.seed.run.survey import Survey, count_given, given, survey
from freehold.seed.run.world import World
from freehold.seed.sizes import capped, grown, sizes
from freehold.spec.model import Platform, TableName
from freehold.spec.names import show_table
from freehold.spec.values import near

SAMPLE_ROWS = 256


@dataclass(frozen=True)
class Planned:
    """What a run will do: a task and a maker for each table, in order, and about how many bytes a row has."""

    tasks: Mapping[TableName, Task]
    makers: Makers
    order: tuple[TableName, ...]
    needs: Mapping[TableName, frozenset[TableName]]
    row_bytes: Mapping[TableName, float]
    given: Mapping[tuple[TableName, str], Sequence[str | None]]

    @property
    def rows(self) -> int:
        return sum(task.rows for task in self.tasks.values())


def prepare(
    world: World,
    platform: Platform,
    placements: Placements,
    read: Callable[[int], Recipe],
    request: Request,
    services: frozenset[str],
) -> Planned:
    """Look at everything and say what would be done; changes nothing. Raises RecipeRefused with all complaints.

    ``read`` gives the recipe for an anchor: the one that was asked for, that of an earlier run, or today.
    """
    today = parse_moment(world.clock.now_iso()[:10])
    if found := problems(read(today if request.anchor is None else request.anchor)):
        raise RecipeRefused(found)
    seen = survey(world, platform, placements)
    earlier = max((mark.anchor for mark in seen.marks.values()), default=today)
    recipe = read(earlier if request.anchor is None else request.anchor)
    wanted = _wanted(request, seen.tables, services)
    for name, said in recipe.tables.items():
        if name not in seen.tables:
            _unknown(recipe, said.path, name, seen.tables)
    left = kept(recipe, seen.tables, seen.filled, seen.marks)
    there = _there(world, recipe, seen, left)
    planned = capped(recipe, seen.tables, there, sizes(recipe, seen.tables, left, request.rows, request.seed))
    if found := problems(recipe):
        raise RecipeRefused(found)
    chosen = replace(request, tables=wanted)
    doing = tasks(chosen, recipe, seen.tables, planned, left, seen.filled, seen.marks)
    held, more = growing(doing, seen.marks, planned)
    doing = enlarged(doing, grown(recipe, seen.tables, left, held, more, request.seed))
    looked: dict[tuple[TableName, str], Sequence[str | None]] = {}
    total = {**final_sizes(planned, doing, seen.marks), **{name: Size(count, count) for name, count in there.items()}}
    makers = _makers(world, recipe, request.seed, seen, left, total, looked)
    working = [name for name, task in doing.items() if task.does is not Does.KEEP and task.end]
    needs = {name: _needs(maker_of(makers, name)) for name in working}
    if found := problems(recipe):
        raise RecipeRefused(found)
    order, circle = ordered(needs)
    if circle:
        shown = ", ".join(show_table(name) for name in circle)
        raise FreeholdError(
            f"tables refer to each other in a circle: {shown}",
            hint="Write nothing for one of the columns in the recipe, and fill it later.",
        )
    _parents_there(seen, doing, left, order)
    row_bytes = {name: _row_bytes(maker_of(makers, name), doing[name]) for name in order}
    return Planned(doing, makers, tuple(order), needs, row_bytes, looked)


def _wanted(request: Request, tables: Mapping[TableName, Table], services: frozenset[str]) -> frozenset[TableName]:
    for name in sorted(request.tables):
        if name not in tables:
            raise FreeholdError(f"there is no table {show_table(name)} to fill", hint=_nearest(name, tables))
    if not services:
        return request.tables
    return frozenset(
        name
        for name, table in tables.items()
        if table.service in services and (not request.tables or name in request.tables)
    ) or frozenset({TableName("", "")})


def _unknown(recipe: Recipe, path: str, name: TableName, tables: Mapping[TableName, Table]) -> None:
    recipe.complaints.add(path, f"there is no table {show_table(name)}", _nearest(name, tables), key=True)


def _nearest(name: TableName, tables: Mapping[TableName, Table]) -> str:
    words = tuple(f"{one.schema}.{one.table}" for one in tables)
    return near(f"{name.schema}.{name.table}", words) or "`freehold seed --dry-run` lists the tables."


def _makers(
    world: World,
    recipe: Recipe,
    seed: str,
    seen: Survey,
    left: frozenset[TableName],
    total: Mapping[TableName, Size],
    looked: dict[tuple[TableName, str], Sequence[str | None]],
) -> Makers:
    def look(name: TableName, column: str) -> Sequence[str | None]:
        key = (name, column)
        if key not in looked:
            looked[key] = given(world, seen.tables[name], column)
        return looked[key]

    return Makers(recipe, seed, seen.tables, total, left, look, circular(seen.tables.values()))


def _there(world: World, recipe: Recipe, seen: Survey, left: frozenset[TableName]) -> dict[TableName, int]:
    """How many rows the tables have that are left as they are, as far as others refer to them."""
    referred = {key.to for table in seen.tables.values() for key in table.foreign_keys} | _named(recipe)
    asked = referred & seen.filled
    return {name: count_given(world, seen.tables[name]) if name in asked else 0 for name in left}


def _named(recipe: Recipe) -> set[TableName]:
    """Every table that a foreign draw of the recipe could name."""
    return {
        name
        for table in recipe.tables.values()
        for spec in (*table.columns.values(), *table.let.values())
        for name in targets(spec)
    }


def _needs(maker: TableMaker) -> frozenset[TableName]:
    found: set[TableName] = set()
    for column, _ in maker.copied():
        drawn = maker.drawn(column.name)
        if drawn is not None and drawn.target is not None:
            found.add(drawn.target)
    # what a value is computed from is read from rows that must be there, and what their triggers did with it
    found |= {name for spec in maker.recipe.let.values() for name in targets(spec) if name != maker.table.name}
    named = {column.name for column, _ in maker.copied()}
    for key in maker.table.foreign_keys:
        if key.enforced and set(key.columns) <= named and (maker.table.name, key.name) not in maker.makers.circular:
            found.add(key.to)
    return frozenset(found)


def _parents_there(
    seen: Survey, doing: Mapping[TableName, Task], left: frozenset[TableName], order: list[TableName]
) -> None:
    for name in order:
        for key in seen.tables[name].foreign_keys if doing[name].rows else ():
            missing = key.enforced and key.to not in doing and key.to not in left and key.to not in seen.marks
            if missing and key.to in seen.tables and key.to != name:
                raise FreeholdError(
                    f"table {show_table(name)} refers to {show_table(key.to)}, which has no rows yet",
                    hint=f"Fill it too: --table {key.to.schema}.{key.to.table}",
                )


def _row_bytes(maker: TableMaker, task: Task) -> float:
    rows = range(task.start, min(task.end, task.start + SAMPLE_ROWS))
    return len(maker.block(rows)) / len(rows) if rows else 0.0


def maker_of(makers: Makers, name: TableName) -> TableMaker:
    """The maker of a table that is there."""
    found = makers.of(name)
    if found is None:
        raise LookupError(f"there is no table {show_table(name)}")
    return found
