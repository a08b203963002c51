"""The nouns of seeding: what a column holds, what a table looks like, and how many rows it gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from freehold.spec.model import TableName

Value = int | float | str | None
"""One value of a column before it is written: truth is an int too, moments and spans are microseconds."""

ROWS_VERSION = 1
"""Counts up whenever the same seed, rows and recipe would no longer give the same bytes."""


class Kind(StrEnum):
    """What the values of a draw are. A UUID is 32 hexadecimal digits, BYTES are hexadecimal digits, an ARRAY or JSON
    is its text, a MOMENT is microseconds since 1970 in UTC, a SPAN is microseconds."""

    INTEGER = "whole numbers"
    NUMBER = "numbers"
    TEXT = "text"
    TRUTH = "true or false"
    MOMENT = "moments"
    SPAN = "spans of time"
    UUID = "UUIDs"
    JSON = "JSON"
    BYTES = "bytes"
    ARRAY = "arrays"
    NOTHING = "nothing"


class Chunk(Protocol):
    """Some rows of one table, numbered from 0, and whatever was already drawn for them."""

    @property
    def rows(self) -> Sequence[int]:
        """The row numbers; a ``range`` when they follow each other."""

    def column(self, name: str) -> Sequence[Value]:
        """The values of another column of the same rows."""

    def parents(self, name: str) -> Chunk:
        """The rows that the foreign column ``name`` refers to, one for each row."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draw made ready for one column: ``values`` gives one value for each row of a chunk.

    ``decimals`` are those of numbers; ``plain`` text holds neither backslash nor control characters.
    ``parents`` and ``places`` are set by draws that refer to rows of another table: the row referred to, and the
    row's place among those that refer to the same one, from 0.
    """

    kind: Kind
    values: Callable[[Chunk], Sequence[Value]]
    decimals: int | None = None
    plain: bool = False
    parents: Callable[[Chunk], Sequence[int]] | None = None
    places: Callable[[Chunk], Sequence[int]] | None = None
    target: TableName | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows a table has in the end, and how many its first load had: what depends on a table's number of
    rows takes ``base``, so that rows of an earlier load stay as they are when more are appended."""

    base: int
    total: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalog has it. ``base`` is the type below any domain (``int4``), ``element`` that of an array's
    elements; ``identity`` is ``a``, ``d`` or empty; ``sequence`` is the (schema, name) of the sequence it owns."""

    name: str
    type: str
    base: str
    required: bool
    default: str = ""
    identity: str = ""
    generated: bool = False
    length: int | None = None
    scale: int | None = None
    precision: int | None = None
    labels: tuple[str, ...] = ()
    element: str = ""
    sequence: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A set of columns that is unique; ``whole`` is False for an index over some rows only."""

    name: str
    columns: tuple[str, ...]
    primary: bool
    whole: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key, of the catalog or declared across services (``enforced`` False)."""

    name: str
    columns: tuple[str, ...]
    to: TableName
    to_columns: tuple[str, ...]
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint of a table or of the domain of one of its columns, as pg_get_constraintdef writes it."""

    name: str
    columns: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Partitions:
    """The ranges of time that the partitions of a table cover, in microseconds; None is without end.
    ``rest`` says that there is a default partition."""

    column: str
    ranges: tuple[tuple[int | None, int | None], ...]
    rest: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table that rows can be copied into, and where it lives."""

    service: str
    instance: str
    database: str
    name: TableName
    columns: tuple[Column, ...]
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    partitions: Partitions | None = None

    def column(self, name: str) -> Column | None:
        """The column of this name, or None."""
        return next((column for column in self.columns if column.name == name), None)
