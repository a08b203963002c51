"""What a run is to do with each table: fill it, go on where an earlier run stopped, add to it, or leave it alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b

from freehold.errors import FreeholdError
from freehold.seed.args import moments_of
from freehold.seed.marks import Mark
from freehold.seed.model import ROWS_VERSION, Size, Table
from freehold.seed.moments import is_near
from freehold.seed.recipe import Recipe
from freehold.spec.model import TableName
from freehold.spec.names import show_table


class Does(StrEnum):
    """What happens to a table."""

    FILL = "fill"
    RESUME = "resume"
    APPEND = "append"
    REPLACE = "replace"
    DONE = "done"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for. ``tables`` empty means all; ``append`` adds rows, ``replace`` empties tables first.
    ``anchor`` is the moment from which relative ones count, None that of an earlier run, or today."""

    seed: str
    rows: int
    tables: frozenset[TableName] = frozenset()
    append: bool = False
    replace: bool = False
    anchor: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Rows ``start`` up to ``end`` of a table, and the mark under which they are loaded."""

    table: TableName
    does: Does
    start: int
    end: int
    mark: Mark

    @property
    def rows(self) -> int:
        return self.end - self.start


def digest(recipe: Recipe, table: Table) -> str:
    """What the rows of a table depend on besides seed and numbers: its part of the recipe and its columns."""
    said = recipe.tables.get(table.name)
    specs = (*said.columns.values(), *said.let.values()) if said else ()
    anchored = any(is_near(text) for spec in specs for text in moments_of(spec))
    parts = [
        str(ROWS_VERSION),
        str(recipe.complaints.anchor) if anchored else "",
        repr((recipe.window.start, recipe.window.end)),
        repr([(name, spec.draw, spec.value, spec.nulls) for name, spec in said.columns.items()] if said else []),
        repr([(name, spec.draw, spec.value, spec.nulls) for name, spec in said.let.items()] if said else []),
        repr([(column.name, column.type) for column in table.columns]),
    ]
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def kept(
    recipe: Recipe, tables: Mapping[TableName, Table], filled: Collection[TableName], marks: Mapping[TableName, Mark]
) -> frozenset[TableName]:
    """Tables that are left as they are: by the recipe, or because it does not name them and they hold rows that
    something else put there (reference data of a migration)."""
    found: set[TableName] = set()
    for name in tables:
        said = recipe.tables.get(name)
        if said.keep if said is not None else not recipe.others or (name in filled and name not in marks):
            found.add(name)
    return frozenset(found)


def tasks(
    request: Request,
    recipe: Recipe,
    tables: Mapping[TableName, Table],
    planned: Mapping[TableName, int],
    kept_tables: frozenset[TableName],
    filled: Collection[TableName],
    marks: Mapping[TableName, Mark],
) -> dict[TableName, Task]:
    """What to do with each table of the request. Raises FreeholdError at the first that must not be touched."""
    found: dict[TableName, Task] = {}
    for name, table in tables.items():
        if name in kept_tables:
            found[name] = Task(name, Does.KEEP, 0, 0, Mark("", "", 0, 0, 0, 0))
        elif not request.tables or name in request.tables:
            anchor = recipe.complaints.anchor
            fresh = Mark(digest(recipe, table), request.seed, anchor, planned[name], planned[name], 0)
            found[name] = _task(request, name, fresh, marks.get(name), name in filled)
    return found


def growing(
    found: Mapping[TableName, Task], marks: Mapping[TableName, Mark], planned: Mapping[TableName, int]
) -> tuple[dict[TableName, int], dict[TableName, int]]:
    """Rows that tables hold, or will without what is appended; and rows that come to those that are appended to."""
    more = {name: planned[name] for name, task in found.items() if task.does is Does.APPEND and name in marks}
    held = {name: mark.target for name, mark in marks.items()}
    for name, task in found.items():
        if name not in more and task.does is not Does.KEEP:
            held[name] = task.mark.target
    return held, more


def enlarged(found: Mapping[TableName, Task], totals: Mapping[TableName, int]) -> dict[TableName, Task]:
    """The tasks with ``totals`` as the rows that these tables have in the end."""
    tasks = dict(found)
    for name, total in totals.items():
        one = replace(found[name], end=total, mark=replace(found[name].mark, target=total))
        tasks[name] = one if one.rows else replace(one, does=Does.DONE)
    return tasks


def final_sizes(
    planned: Mapping[TableName, int], found: Mapping[TableName, Task], marks: Mapping[TableName, Mark]
) -> dict[TableName, Size]:
    """How many rows each table has once the run is over; tables that are not part of it as far as they are known."""
    sizes: dict[TableName, Size] = {}
    for name, count in planned.items():
        mark = found[name].mark if name in found else marks.get(name)
        sizes[name] = Size(mark.base, mark.target) if mark is not None else Size(count, count)
    return sizes


def _task(request: Request, name: TableName, fresh: Mark, mark: Mark | None, filled: bool) -> Task:
    shown = show_table(name)
    if request.replace and (filled or mark is not None):
        return Task(name, Does.REPLACE, 0, fresh.target, fresh)
    if mark is None or (mark.loaded == 0 and not filled):
        if filled and not request.append:
            raise FreeholdError(
                f"table {shown} has rows already",
                hint="Add to them with --append, empty the table with --replace, or leave it out: write keep.",
            )
        return Task(name, Does.APPEND if filled else Does.FILL, 0, fresh.target, fresh)
    if (mark.recipe, mark.seed) != (fresh.recipe, fresh.seed):
        other = f"seed {mark.seed}" if mark.seed != fresh.seed else "another recipe"
        raise FreeholdError(
            f"table {shown} was filled from {other}",
            hint=f"Take --seed {mark.seed} and the same recipe to go on, or empty the table with --replace.",
        )
    if not mark.done:
        if mark.target != fresh.target and not request.append:
            raise FreeholdError(
                f"table {shown} was left at {mark.loaded} of {mark.target} rows, and now should get {fresh.target}",
                hint="Run it with the same --rows to go on, or empty the table with --replace.",
            )
        return Task(name, Does.RESUME, mark.loaded, mark.target, mark)
    if request.append:
        more = replace(mark, target=mark.target + fresh.target, loaded=mark.target)
        return Task(name, Does.APPEND, mark.target, more.target, more)
    if mark.target != fresh.target:
        raise FreeholdError(
            f"table {shown} has {mark.target} rows already, and now should get {fresh.target}",
            hint="Add to them with --append, or empty the table with --replace.",
        )
    return Task(name, Does.DONE, mark.target, mark.target, mark)
