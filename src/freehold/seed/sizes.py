"""How many rows each table gets from ``--rows``: weights, fixed numbers, and so many for each row of another table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from freehold.seed.args import Args, Complaints
from freehold.seed.defaults import combinations
from freehold.seed.fans import fan_in
from freehold.seed.model import Table
from freehold.seed.recipe import Recipe, Rows, TableRecipe
from freehold.seed.spread import Fan
from freehold.seed.stream import Stream
from freehold.spec.model import TableName
from freehold.spec.names import show_table
from freehold.spec.tree import Text, Tree


@dataclass(frozen=True, slots=True)
class _Share:
    """What one table asks for: a weight, or a number of rows, or a multiple of another table."""

    rows: Rows
    fan: Fan | None

    def below(self, above: int) -> int:
        """The rows of a table that is counted from another, for so many rows of that."""
        if self.rows.times is not None:
            return int(above * self.rows.times)
        return self.fan.capacity(above) if self.fan is not None else above


def grown(
    recipe: Recipe,
    tables: Iterable[TableName],
    kept: frozenset[TableName],
    loaded: Mapping[TableName, int],
    more: Mapping[TableName, int],
    seed: str,
) -> dict[TableName, int]:
    """Rows in the end of the tables that get ``more`` than are ``loaded``. Those that are counted from another are
    counted from all of its rows: what all of them take is not what the old ones and as many as are new take. Those of
    a fixed number have it already."""
    shares = _shares(recipe, tables, kept, seed)
    found: dict[TableName, int] = {}

    def total(name: TableName) -> int:
        if name not in found:
            rows, there = shares[name].rows, loaded.get(name, 0)
            found[name] = there + more.get(name, 0)
            if name in more and rows.exactly is not None:
                found[name] = max(there, rows.exactly)
            elif name in more and rows.per in shares:
                found[name] = max(there, shares[name].below(total(rows.per)))
        return found[name]

    return {name: total(name) for name in more}


def sizes(
    recipe: Recipe, tables: Iterable[TableName], kept: frozenset[TableName], total: int, seed: str
) -> dict[TableName, int]:
    """Rows of each table; about ``total`` together, without tables of a fixed number. A table with any weight gets at
    least one row. Complains about tables that are counted from each other in a circle."""
    shares = _shares(recipe, tables, kept, seed)
    names = tuple(shares)
    weights = {name: _weight(recipe, shares, name, (name,)) for name in names}
    base = Fraction(total) / (sum(weights.values()) or Fraction(1))
    found: dict[TableName, int] = {}
    for name in names:
        _rows(shares, weights, base, name, found)
    return found


def _shares(
    recipe: Recipe, tables: Iterable[TableName], kept: frozenset[TableName], seed: str
) -> dict[TableName, _Share]:
    found: dict[TableName, _Share] = {}
    for name in sorted(tables):
        said = recipe.tables.get(name)
        rows = Rows(Fraction(0)) if name in kept else said.rows if said is not None else Rows(recipe.others)
        found[name] = _Share(rows, _fan(said, rows, seed))
    return found


def capped(
    recipe: Recipe, tables: Mapping[TableName, Table], there: Mapping[TableName, int], planned: Mapping[TableName, int]
) -> dict[TableName, int]:
    """The same, but no more rows than a unique index takes in tables of which the recipe says nothing.
    ``there`` says how many rows tables have that are left as they are."""
    found = dict(planned)
    for _ in planned:
        before = dict(found)
        for name, table in tables.items():
            said = recipe.tables.get(name)
            for key in table.keys if said is None or (not said.columns and said.rows == Rows()) else ():
                most = combinations(table, key, {**found, **there})
                found[name] = found[name] if most is None else min(found[name], most)
        if found == before:
            break
    return found


def _weight(
    recipe: Recipe, shares: Mapping[TableName, _Share], name: TableName, way: tuple[TableName, ...]
) -> Fraction:
    share = shares[name]
    rows = share.rows
    if rows.exactly is not None:
        return Fraction(0)
    if rows.per is None:
        return rows.weight
    path = recipe.tables[name].path + ".rows"
    if rows.per not in shares:
        recipe.complaints.add(path, f"there is no table {show_table(rows.per)} to count from", "Name a table.")
        return Fraction(0)
    if rows.per in way:
        recipe.complaints.add(path, "tables are counted from each other in a circle", "Give one of them a weight.")
        return Fraction(0)
    times = rows.times if rows.times is not None else Fraction(*share.fan.mean) if share.fan else Fraction(1)
    return times * _weight(recipe, shares, rows.per, (*way, rows.per))


def _rows(
    shares: Mapping[TableName, _Share],
    weights: Mapping[TableName, Fraction],
    base: Fraction,
    name: TableName,
    found: dict[TableName, int],
) -> int:
    if name in found:
        return found[name]
    found[name] = 0  # a circle was complained about; it must not go on for ever
    rows = shares[name].rows
    if rows.exactly is not None:
        count = rows.exactly
    elif rows.per is None:
        count = max(1, round(rows.weight * base)) if rows.weight else 0
    else:
        above = _rows(shares, weights, base, rows.per, found) if rows.per in shares else 0
        count = shares[name].below(above)
    found[name] = count
    return count


def _fan(said: TableRecipe | None, rows: Rows, seed: str) -> Fan | None:
    """The fan-out of the foreign column by which a table is counted."""
    if said is None or rows.per is None:
        return None
    quiet = Complaints(Tree({}), "")
    for name, spec in said.columns.items():
        value = spec.value
        if spec.draw != "foreign" or not isinstance(value, dict):
            continue
        args = Args(spec, quiet, ("to", "each", "fan", "exponent", "once", "within"), "", free=False)
        to = args.place("to") if Text("to", "") in value else None
        if to is not None and to[0] == rows.per:
            fan = fan_in(args, Stream.of(seed, said.name.schema, said.name.table).below(name))
            if fan is not None:
                return fan
    return None
