"""The nouns of a live reading: what one server showed, and what it did not show to this login.

Sizes and row counts of tables are the planner's estimates: exact ones would take locks. Nothing here holds a password,
and statements hold no constants where pg_stat_statements normalised them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from freehold.found.model import Acl, Server
from freehold.spec.tables import TableName


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table, view, materialized view, sequence or foreign table; partitions are counted into their root.

    ``kind`` is PostgreSQL's word. ``bytes`` are those of heap, indexes and TOAST by the last VACUUM or ANALYZE;
    ``rows`` is None where neither ever ran. ``reads`` and ``writes`` are rows since the statistics were reset.
    """

    name: TableName
    kind: str
    owner: str
    bytes: int = 0
    rows: int | None = None
    reads: int = 0
    writes: int = 0
    acl: Acl = frozenset()
    partitions: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key. ``table`` refers to ``to_table``. ``part`` says that its rows are parts of what they refer to:
    they go with it (ON DELETE CASCADE), or are identified by it (the columns belong to the primary key)."""

    name: str
    table: TableName
    columns: tuple[str, ...]
    to_table: TableName
    to_columns: tuple[str, ...]
    part: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Dependency:
    """What pg_depend says: ``of`` (a VIEW, MATERIALIZED VIEW, RULE, FUNCTION, POLICY, DEFAULT) needs the table ``on``.
    ``of`` of a rule, policy or default is the table it stands on."""

    kind: str
    of: TableName
    on: TableName
    name: str = ""


@dataclass(frozen=True, slots=True)
class Routine:
    """A function or procedure with a body that may be parsed; ``language`` is sql or plpgsql or another.
    ``triggers`` are the tables it is fired by."""

    schema: str
    name: str
    language: str
    owner: str
    body: str = field(repr=False)
    returns: str = ""
    security_definer: bool = False
    triggers: tuple[TableName, ...] = ()
    search_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveContents:
    """What is inside one database. ``extensions`` are name to version; ``parts`` maps a partition to its root."""

    schemas: Mapping[str, str] = field(default_factory=dict)
    schema_acls: Mapping[str, Acl] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)
    tables: tuple[LiveTable, ...] = ()
    keys: tuple[Key, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    routines: tuple[Routine, ...] = ()
    parts: Mapping[TableName, TableName] = field(default_factory=dict)

    def table(self, name: TableName) -> LiveTable | None:
        """The relation of this name."""
        return next((one for one in self.tables if one.name == name), None)


@dataclass(frozen=True, slots=True)
class LiveDatabase:
    """One database. ``bytes`` and ``contents`` are None where the login may not look; ``commits`` are transactions
    since the statistics were reset."""

    name: str
    owner: str
    acl: Acl = frozenset()
    bytes: int | None = None
    connections: int | None = None
    commits: int | None = None
    connection_limit: int = -1
    contents: LiveContents | None = None


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """A kind of client that was connected: who, under which name of its own, from where.

    ``samples`` is in how many looks it was there, ``most`` how many connections at one look, ``active`` in how many
    looks it was running a statement. ``client`` is empty for a Unix socket; None where the server hid it.
    """

    database: str
    login: str
    application: str
    client: str | None
    samples: int = 0
    most: int = 0
    active: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of pg_stat_statements, with constants replaced by $1."""

    database: str
    login: str
    text: str
    calls: int


@dataclass(frozen=True, slots=True, order=True)
class Standby:
    """A client that receives WAL. ``state`` is empty where the server hid it."""

    application: str
    login: str
    state: str
    sync: str


@dataclass(frozen=True, slots=True, order=True)
class Unseen:
    """Something that this login could not look at: what, why, and what would show it."""

    what: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class LiveServer:
    """One server as it was seen over ``window_ms`` in ``samples`` looks.

    ``statements`` is None where pg_stat_statements could not be read. ``queries`` counts the statements that the
    reading itself sent.
    """

    place: str
    server: Server
    databases: Mapping[str, LiveDatabase] = field(default_factory=dict)
    seen: tuple[Seen, ...] = ()
    statements: tuple[Statement, ...] | None = None
    standbys: tuple[Standby, ...] = ()
    in_recovery: bool = False
    unseen: tuple[Unseen, ...] = ()
    samples: int = 0
    window_ms: int = 0
    queries: int = 0
