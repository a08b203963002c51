"""The nouns of a verification: what was asked, what differs, and what may be said afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from freehold.move.model import Side
from freehold.spec.model import TableName

Key = tuple[str, ...]
"""The values of a row's key as text, or of a row without a key its two hashes."""


class Mode(StrEnum):
    """How much is compared: every row, every row of some pieces, or only how many rows there are."""

    FULL = "full"
    SAMPLE = "sample"
    COUNTS = "counts"


class Kind(StrEnum):
    """What is wrong with a row of the fed side."""

    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Options:
    """``percent`` and ``seed`` choose the pieces of a sample. ``limit`` is how many rows of each table are named; all
    are counted. ``repair`` rewrites differing rows of the fed side. ``locking`` allows, where no replication slot can
    be had, to hold a SHARE lock on the tables for the moment between snapshot and barrier.

    ``gate_ms`` is how long the worker that fills the other side may take to reach a barrier, ``patience_ms`` how long
    rows that are written all the time are tried again, ``snapshot_ms`` how long one pair of snapshots is used.
    """

    mode: Mode = Mode.FULL
    percent: float = 10.0
    seed: int = 1
    limit: int = 20
    workers: int = 2
    chunk_rows: int = 50_000
    repair: bool = False
    locking: bool = False
    gate_ms: int = 30_000
    patience_ms: int = 60_000
    snapshot_ms: int = 300_000


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A row that differs. ``key`` are (column, value) pairs; of a row without a key, its hash. ``columns`` are those
    whose values differ."""

    table: TableName
    kind: Kind
    key: tuple[tuple[str, str], ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """One table: rows compared (of the home), how many rows differ, and the first of them."""

    table: TableName
    rows: int
    chunks: int
    mismatches: int
    listed: tuple[Mismatch, ...] = ()


@dataclass(frozen=True, slots=True)
class SequenceGap:
    """A sequence that stands elsewhere on the fed side: normal before a cutover, which sets it."""

    name: TableName
    home: str
    fed: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found out. ``equal`` is True only if everything that the mode asks for was compared.

    ``unsettled`` are rows that were written at every attempt to compare them. ``healed`` are rows that differed once
    and not again: the fed side was changed there by somebody else, and a later write covered it. ``coverage`` is the
    part of the rows that a sample looked at. ``blocked_ms`` is how long writers of the home were held up at most.
    """

    mode: Mode
    home: Side
    fed: Side
    tables: tuple[Compared, ...]
    rounds: int
    unsettled: int
    healed: int
    repaired: int
    coverage: float
    method: str
    blocked_ms: float
    duration_ms: float
    finished_at: str
    sequences: tuple[SequenceGap, ...] = field(default=())

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.tables)

    @property
    def chunks(self) -> int:
        return sum(one.chunks for one in self.tables)

    @property
    def mismatches(self) -> int:
        return sum(one.mismatches for one in self.tables)

    @property
    def equal(self) -> bool:
        return self.mismatches == 0 and self.unsettled == 0
