"""The nouns of maintenance: what is to be kept, what is there, what is due, and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from freehold.finding import Finding, JsonObject
from freehold.layouts.model import Placement
from freehold.spans import shown
from freehold.spec.names import show_table
from freehold.spec.series import Retention, TimeSeries
from freehold.spec.tables import TableName


@dataclass(frozen=True, slots=True)
class Task:
    """One table of one service that is cut by time, kept for a time, or both."""

    placement: Placement
    table: TableName
    series: TimeSeries | None = None
    retention: Retention | None = None

    @property
    def service(self) -> str:
        return self.placement.service

    @property
    def place(self) -> tuple[str, str]:
        return self.placement.instance, self.placement.database

    @property
    def shown(self) -> str:
        return show_table(self.table)


class Kind(StrEnum):
    """What a declared table is on the server."""

    ABSENT = "absent"
    PLAIN = "plain"
    CUT = "cut"
    OTHER = "other"
    """Partitioned by something else, or no table at all."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition and its bound; None is without a bound on that side. ``pending``: a DETACH was interrupted;
    ``bound``: the bound as PostgreSQL writes it."""

    table: TableName
    lower: datetime | None
    upper: datetime | None
    pending: bool = False
    bound: str = ""

    @property
    def shown(self) -> str:
        return show_table(self.table)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A partition that an interrupted run was about to remove. ``there``: it exists; ``attached``: it is one still."""

    table: TableName
    there: bool
    attached: bool
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a hypertable; several have one stretch of time where there is a second dimension. ``packed``: all of
    it is compressed."""

    table: TableName
    lower: datetime
    upper: datetime
    packed: bool = False


@dataclass(frozen=True, slots=True)
class Hyper:
    """A hypertable or a continuous aggregate as TimescaleDB keeps it.

    ``functions`` is the schema of TimescaleDB's functions; ``relation`` is what holds the rows: the table itself, or
    what the aggregate is computed into; ``stale`` are its rollups that lack something, ``rollups`` all that are there.
    ``secured``: row level security is on; ``policies`` are jobs of TimescaleDB's own that remove chunks.
    """

    functions: str
    licence: str
    relation: TableName
    column: str
    aggregate: bool = False
    chunks: tuple[Chunk, ...] = ()
    rollups: tuple[TableName, ...] = ()
    stale: tuple[TableName, ...] = ()
    secured: bool = False
    policies: tuple[str, ...] = ()

    @property
    def apache(self) -> bool:
        return self.licence != "timescale"


@dataclass(frozen=True, slots=True)
class State:
    """One table as it is. ``column_type`` is that of the time column, empty when there is none.

    ``loose`` counts the rows of the default partition by the piece they belong to, oldest first; ``homeless`` are rows
    there that belong to no piece at all (infinite, or outside the calendar). ``stale``: rollups lack something.
    ``hyper`` is what TimescaleDB keeps, None where PostgreSQL does.
    """

    kind: Kind
    column_type: str = ""
    partitions: tuple[Partition, ...] = ()
    default: TableName | None = None
    loose: tuple[tuple[datetime, int], ...] = ()
    homeless: int = 0
    leaving: tuple[Leaving, ...] = ()
    stale: bool = False
    hyper: Hyper | None = None


@dataclass(frozen=True, slots=True)
class FinishDetach:
    """A DETACH CONCURRENTLY that was interrupted is brought to its end."""

    partition: Partition

    def say(self) -> str:
        return f"finish detaching partition {self.partition.shown}"


@dataclass(frozen=True, slots=True)
class FinishDrop:
    """A partition that was detached to be dropped, and is still there; or only the note of it is."""

    leaving: Leaving

    def say(self) -> str:
        return f"drop {show_table(self.leaving.table)}, which an interrupted run detached"


@dataclass(frozen=True, slots=True)
class AddPartition:
    """A piece of time that has no partition. ``rows`` of it lie in the default partition and move into it.

    ``in_use``: rows for it may arrive at this moment, so writers must not be between routing and storing a row.
    """

    lower: datetime
    upper: datetime
    rows: int = 0
    in_use: bool = False

    def say(self) -> str:
        moved = f", with {self.rows} rows of the default partition" if self.rows else ""
        return f"make the partition from {shown(self.lower)} to {shown(self.upper)}{moved}"


@dataclass(frozen=True, slots=True)
class DropPartition:
    """A partition whose rows are all older than they are to be kept."""

    partition: Partition

    def say(self) -> str:
        upper = self.partition.upper
        return f"drop partition {self.partition.shown}, which ends {shown(upper) if upper else 'never'}"


@dataclass(frozen=True, slots=True)
class DeleteRows:
    """Rows of ``table`` whose ``column`` is before ``before``, except those that are held."""

    table: TableName
    column: str
    before: datetime
    batch: int

    def say(self) -> str:
        return f"delete rows of {show_table(self.table)} before {shown(self.before)}"


@dataclass(frozen=True, slots=True)
class RefreshRollups:
    """The rollups of a series are brought up to ``now``."""

    rollups: tuple[TableName, ...]
    now: datetime

    def say(self) -> str:
        return f"refresh {', '.join(show_table(one) for one in self.rollups)}"


@dataclass(frozen=True, slots=True)
class DropChunks:
    """The chunks of one stretch of time, whose rows are all older than they are to be kept."""

    lower: datetime
    upper: datetime
    chunks: tuple[TableName, ...]

    def say(self) -> str:
        count = f"{len(self.chunks)} chunks" if len(self.chunks) > 1 else "the chunk"
        return f"drop {count} from {shown(self.lower)} to {shown(self.upper)}"


@dataclass(frozen=True, slots=True)
class CompressChunk:
    """A chunk that is old enough to be compressed."""

    chunk: Chunk

    def say(self) -> str:
        return f"compress the chunk from {shown(self.chunk.lower)} to {shown(self.chunk.upper)}"


ChunkAction = RefreshRollups | DropChunks | CompressChunk | DeleteRows
PartitionAction = RefreshRollups | FinishDetach | FinishDrop | AddPartition | DropPartition | DeleteRows
Action = ChunkAction | PartitionAction


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was done, or in a dry run would be. ``rows`` None: not counted; ``about``: an estimate."""

    what: str
    service: str
    instance: str
    database: str
    table: str
    partition: str = ""
    rows: int | None = None
    bytes: int | None = None
    about: bool = False
    says: str = ""

    def as_json(self) -> JsonObject:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Held:
    """What a legal hold kept: ``rows`` that are held, in a partition that stays whole, or in a table."""

    service: str
    table: str
    partition: str
    rows: int

    def as_json(self) -> JsonObject:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What could not be done now and the next run tries again, with the reason and what to do."""

    service: str
    what: str
    why: str
    hint: str

    def as_json(self) -> JsonObject:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found and did. ``now`` is each instance's own clock, or the moment that was asked about."""

    platform: str
    dry_run: bool
    now: tuple[tuple[str, str], ...]
    done: tuple[Done, ...] = ()
    held: tuple[Held, ...] = ()
    findings: tuple[Finding, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()
    journal_id: str = ""
