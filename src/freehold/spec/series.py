"""The nouns of data that ages: tables cut by time, how long rows are kept, and what is kept of them in short."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from freehold.spans import Span
from freehold.spec.tables import TableName

AGGREGATES = ("avg", "count", "first", "last", "max", "min", "sum")
"""What a rollup may compute; ``first`` and ``last`` by the time column. Both engines give the same answer for these."""

AHEAD_LEAST = Span(seconds=3 * 86_400)
AHEAD_CHUNKS = 3
BATCH_DEFAULT = 10_000


@dataclass(frozen=True, slots=True)
class Space:
    """A second dimension: within each piece of time, rows are spread by the hash of ``column``."""

    column: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One column of a rollup. ``column`` is empty for ``count(*)``."""

    name: str
    function: str
    column: str = ""

    def __str__(self) -> str:
        return f"{self.function}({self.column or '*'})"


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table kept beside a time series: one row for each ``every`` and each value of the columns ``by``."""

    table: TableName
    every: Span
    by: tuple[str, ...]
    aggregates: tuple[Aggregate, ...]
    keep: Span | None = None


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """A table cut by its time column into pieces of ``chunk``.

    ``ahead`` is how far pieces are made in advance. ``default_partition`` False: a row that no piece takes is refused
    by PostgreSQL instead of being kept until the next maintenance moves it.
    """

    table: TableName
    column: str
    chunk: Span
    space: Space | None = None
    ahead: Span | None = None
    keep: Span | None = None
    compress_after: Span | None = None
    rollups: tuple[Rollup, ...] = ()
    default_partition: bool = True

    @property
    def horizon(self) -> Span:
        """``ahead`` as declared; else three pieces, and three days at least."""
        if self.ahead is not None:
            return self.ahead
        pieces = self.chunk.times(AHEAD_CHUNKS)
        return pieces if pieces.about >= AHEAD_LEAST.about else AHEAD_LEAST


class How(StrEnum):
    """How what is too old goes: row by row in batches, or piece by piece."""

    DELETE = "delete"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Hold:
    """What must not be removed however old it is: rows whose boolean ``column`` is true, rows that ``where`` is true
    of, or rows that a row of ``table`` matches (own column, column there). Exactly one of the three is set."""

    column: str = ""
    where: str = ""
    table: TableName | None = None
    match: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the rows of one table are kept, counted from ``column``."""

    table: TableName
    column: str
    keep: Span
    how: How = How.DELETE
    batch: int = BATCH_DEFAULT
    hold: Hold | None = None


def retentions(series: Iterable[TimeSeries], declared: Iterable[Retention]) -> tuple[Retention, ...]:
    """Everything that is kept for a time only: what is declared, and time series with an interval of their own."""
    found = {one.table: one for one in declared}
    for one in series:
        if one.keep is not None:
            found.setdefault(one.table, Retention(one.table, one.column, one.keep, How.DROP))
    return tuple(found[table] for table in sorted(found))
