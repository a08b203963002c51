"""Recipe and catalog bound together: for each table what makes any of its rows, and every complaint about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from freehold.family import members
from freehold.seed.args import Args
from freehold.seed.calendar import Window
from freehold.seed.checks import allowed
from freehold.seed.defaults import Around, default
from freehold.seed.draws._kind import Draw
from freehold.seed.maybe import maybe
from freehold.seed.model import Chunk, Column, Drawn, Kind, Size, Table, Value
from freehold.seed.recipe import Recipe, TableRecipe
from freehold.seed.render import Render, renderer
from freehold.seed.spec import Spec
from freehold.seed.stream import Stream
from freehold.spec.model import TableName
from freehold.spec.names import show_table
from freehold.spec.nodes import masked
from freehold.spec.values import near

DRAWS = "freehold.seed.draws"
CHUNK_ROWS = 2048
"""Rows made at a time: few enough that the server gets its first bytes at once, enough to spread fixed costs."""

GivenRows = Callable[[TableName, str], Sequence[str | None]]
"""The values of a column of a table that is left as it is."""


def no_rows(table: TableName, column: str) -> Sequence[str | None]:
    """A table that is left as it is, and empty."""
    return ()


@dataclass
class Makers:
    """Makes rows of any table. ``sizes`` says how many rows each table has once all is done; ``kept`` are the tables
    that are left as they are, whose values ``given`` knows."""

    recipe: Recipe
    seed: str
    tables: Mapping[TableName, Table]
    sizes: Mapping[TableName, Size]
    kept: frozenset[TableName] = frozenset()
    given: GivenRows = no_rows
    circular: frozenset[tuple[TableName, str]] = frozenset()
    _made: dict[TableName, TableMaker] = field(default_factory=dict)

    def of(self, name: TableName) -> TableMaker | None:
        """The maker of a table; None when there is no such table."""
        if name not in self.tables:
            return None
        if name not in self._made:
            self._made[name] = TableMaker(self, self.tables[name])
        return self._made[name]


class TableMaker:
    """Makes rows of one table. Columns are bound when they are first asked for, by whoever refers to them."""

    def __init__(self, makers: Makers, table: Table) -> None:
        self.makers = makers
        self.table = table
        self.recipe = makers.recipe.tables.get(table.name) or TableRecipe(table.name, "")
        self.stream = Stream.of(makers.seed, table.name.schema, table.name.table)
        self._drawn: dict[str, Drawn | None] = {}
        self._busy: list[str] = []
        self._around = Around(makers.sizes, makers.circular, frozenset(self.recipe.columns))
        self._copied: tuple[tuple[Column, Render], ...] | None = None

    @property
    def size(self) -> Size:
        return self.makers.sizes.get(self.table.name, Size(0, 0))

    # binding

    def drawn(self, name: str) -> Drawn | None:
        """How a column is drawn; None when the server fills it, when it is not there, or after a complaint."""
        if name not in self._drawn:
            if name in self._busy:
                circle = " -> ".join([*self._busy[self._busy.index(name) :], name])
                self._complain(self.path(name), f"columns are computed from each other: {masked(circle)}", _BREAK)
                return None
            self._busy.append(name)
            try:
                self._drawn[name] = self._bind(name)
            finally:
                self._busy.pop()
        return self._drawn[name]

    def path(self, name: str) -> str:
        """The place of a column in the recipe, or of its table."""
        spec = self.recipe.columns.get(name) or self.recipe.let.get(name)
        return spec.path if spec is not None else self.recipe.path

    def copied(self) -> tuple[tuple[Column, Render], ...]:
        """The columns that are loaded, and what writes each. Complains about all that does not fit."""
        if self._copied is not None:
            return self._copied
        for name, spec in (*self.recipe.columns.items(), *self.recipe.let.items()):
            column = self.table.column(name)
            known = tuple(one.name for one in self.table.columns)
            if name in self.recipe.let and column is not None:
                self._complain(spec.path, f'helper "{masked(name)}" has the name of a column', "Give it another name.")
            if name in self.recipe.columns and column is None:
                hint = near(name, known) or f"Columns: {', '.join(known)}; helpers stand below let:."
                self._complain(
                    spec.path, f'table {show_table(self.table.name)} has no column "{masked(name)}"', hint, key=True
                )
            if name in self.recipe.let:
                self.drawn(name)
        found: list[tuple[Column, Render]] = []
        for column in self.table.columns:
            render = self._rendered(column)
            if render is not None:
                found.append((column, render))
        self._copied = tuple(found)
        return self._copied

    def _rendered(self, column: Column) -> Render | None:
        drawn = self.drawn(column.name)
        if column.generated and column.name in self.recipe.columns:
            message = f'column "{masked(column.name)}" is generated by the server'
            self._complain(self.path(column.name), message, "Leave it out of the recipe.")
            return None
        if drawn is None:
            return None
        render = renderer(drawn, column)
        if render is None:
            message = f'column "{masked(column.name)}" is {column.type} and cannot hold {drawn.kind}'
            self._complain(self.path(column.name), message, "Choose a draw that fits the column's type.")
        return render

    def _bind(self, name: str) -> Drawn | None:
        column = self.table.column(name)
        if self.table.name in self.makers.kept:
            return self._kept(column)
        spec = self.recipe.columns.get(name) or self.recipe.let.get(name)
        if spec is None and column is not None:
            spec = default(self.table, column, self._around)
            if spec is not None and not spec.draw:
                message = f'column "{masked(name)}" of {show_table(self.table.name)} has type {column.type}'
                self._complain(
                    self.recipe.path, f"{message}, for which there is no draw", f"Name one: columns: {{{name}: ...}}."
                )
                return None
        if spec is None:
            return None
        return self.bind(spec, _Spot(self, column, self.stream.below(name)))

    def bind(self, spec: Spec, spot: _Spot) -> Drawn | None:
        """A draw made ready for one place."""
        draws = members(DRAWS, Draw)
        draw = draws.get(spec.draw)
        if draw is None:
            hint = near(spec.draw, tuple(draws)) or f"There are: {', '.join(draws)}."
            message = f'there is no draw "{masked(spec.draw)}"'
            self._complain(spec.path, message, hint, key=spec.value is not None)
            return None
        args = Args(spec, self.makers.recipe.complaints, tuple(draw.keys), draw.short, free=draw.free)
        drawn = draw.make(args, spot)
        return maybe(drawn, spec.nulls, spot.stream) if drawn is not None else None

    def _kept(self, column: Column | None) -> Drawn | None:
        if column is None:
            return None
        values = self.makers.given(self.table.name, column.name)

        def look_up(chunk: Chunk) -> Sequence[Value]:
            return [values[row] for row in chunk.rows]

        return Drawn(Kind.TEXT, look_up)

    def _complain(self, path: str, message: str, hint: str, *, key: bool = False) -> None:
        self.makers.recipe.complaints.add(path, message, hint, key=key)

    # making

    def values(self, column: str, rows: Sequence[int]) -> Sequence[Value]:
        """The values of a column in some rows."""
        return RowChunk(self, rows).column(column)

    def block(self, rows: range) -> bytes:
        """Rows as COPY reads them."""
        chunk = RowChunk(self, rows)
        texts = [render(chunk.column(column.name)) for column, render in self.copied()]
        return ("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n").encode("utf-8", "surrogatepass")


_BREAK = "Draw one of them without the others."


class RowChunk:
    """Some rows of one table; what is drawn once is kept as long as the chunk."""

    def __init__(self, maker: TableMaker, rows: Sequence[int]) -> None:
        self.rows = rows
        self._maker = maker
        self._columns: dict[str, Sequence[Value]] = {}
        self._parents: dict[str, RowChunk] = {}

    def column(self, name: str) -> Sequence[Value]:
        """The values of a column of these rows."""
        found = self._columns.get(name)
        if found is None:
            drawn = self._maker.drawn(name)
            if drawn is None:
                raise LookupError(f'column "{name}" is not drawn')
            found = self._columns[name] = drawn.values(self)
        return found

    def parents(self, name: str) -> RowChunk:
        """The rows that the foreign column ``name`` refers to."""
        found = self._parents.get(name)
        if found is None:
            drawn = self._maker.drawn(name)
            other = self._maker.makers.of(drawn.target) if drawn is not None and drawn.target is not None else None
            if drawn is None or drawn.parents is None or other is None:
                raise LookupError(f'column "{name}" refers to no table')
            found = self._parents[name] = RowChunk(other, drawn.parents(self))
        return found


class _Spot:
    """``draws._kind.Place`` of one column, or of a part of its values."""

    def __init__(self, maker: TableMaker, column: Column | None, stream: Stream) -> None:
        self._maker = maker
        self.table = maker.table.name
        self.column = column
        self.stream = stream

    @property
    def size(self) -> Size:
        return self._maker.size

    @property
    def bounded(self) -> bool:
        parts = self._maker.table.partitions
        return parts is not None and self.column is not None and parts.column == self.column.name and not parts.rest

    @property
    def window(self) -> Window:
        window = self._maker.makers.recipe.window
        parts = self._maker.table.partitions
        if parts is None or not self.bounded:
            return window
        covered = _longest(parts.ranges, window)
        return covered or window

    @property
    def allowed(self) -> Sequence[str]:
        return allowed(self._maker.table, self.column) if self.column is not None else ()

    def sibling(self, name: str) -> Drawn | None:
        return self._maker.drawn(name)

    def elsewhere(self, table: TableName) -> TableMaker | None:
        return self._maker.makers.of(table)

    def nested(self, spec: Spec, part: str) -> Drawn | None:
        return self._maker.bind(spec, _Spot(self._maker, None, self.stream.below(part)))


def _longest(ranges: Sequence[tuple[int | None, int | None]], window: Window) -> Window | None:
    """The longest run of time that partitions cover without a gap: inside the window where they meet, else anywhere."""
    runs: list[list[int]] = []
    for start, end in ranges:
        low = window.start if start is None else start
        high = max(window.end, low) if end is None else end
        if runs and low <= runs[-1][1]:
            runs[-1][1] = max(runs[-1][1], high)
        else:
            runs.append([low, high])
    inside = [(max(low, window.start), min(high, window.end)) for low, high in runs]
    best = max(inside, key=lambda run: run[1] - run[0], default=(0, 0))
    if best[1] - best[0] < 3_600_000_000:
        best = max(((low, high) for low, high in runs), key=lambda run: run[1] - run[0], default=(0, 0))
    return Window(*best) if best[1] > best[0] else None
