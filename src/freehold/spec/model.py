"""The nouns of the declaration: a platform, its servers and its services, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from freehold.spec.series import Retention, TimeSeries
from freehold.spec.tables import TableName as TableName


class Layout(StrEnum):
    """How schemas are placed into databases and databases onto instances."""

    CENTRAL = "central"
    SCHEMA_PER_SERVICE = "schema-per-service"
    DATABASE_PER_SERVICE = "database-per-service"
    INSTANCE_PER_SERVICE = "instance-per-service"
    GROUPS = "groups"


class Profile(StrEnum):
    """What a service's load is like; chooses the server settings of its instance."""

    DEFAULT = "default"
    LEDGER = "ledger"
    OLTP = "oltp"
    INGEST = "ingest"
    ANALYTICS = "analytics"


class Via(StrEnum):
    """How a service reads a table that lives in another database."""

    FOREIGN_TABLE = "foreign-table"
    REPLICA = "replica"


class ServerKind(StrEnum):
    """Where an instance comes from: our own binaries, a folder of binaries, or a server somebody else runs."""

    EMBEDDED = "embedded"
    BINARIES = "binaries"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file of the declaration; line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Server:
    """One instance, or the template of many when the layout makes an instance for each service.

    ``url`` may hold a password: print ``safe_url`` (in spec.names), never this. ``binaries`` is the folder
    that holds ``postgres``. ``port`` None means: take a free one.
    """

    name: str
    kind: ServerKind
    url: str = field(default="", repr=False)
    binaries: str = ""
    port: int | None = None
    data: str = ""
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service may use at most; None leaves the default of Freehold (see docs/declaration.md)."""

    connections: int | None = None
    statement_timeout_ms: int | None = None
    idle_in_transaction_timeout_ms: int | None = None
    lock_timeout_ms: int | None = None
    temp_file_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """The service's connection pool as declared: server connections, port, and extra connections under pressure."""

    size: int
    port: int | None = None
    reserve: int = 0
    mode: str = "transaction"
    max_clients: int = 1000


@dataclass(frozen=True, slots=True)
class Pooler:
    """How the pools run: a PgBouncer for each service or one for all, ``processes`` of it behind one port.

    ``auth`` is query or file, empty to choose by what the server allows. ``reset`` clears a server connection after
    each transaction, so that nothing a client left behind reaches the next one.
    """

    sharing: str = "service"
    port: int | None = None
    processes: int = 1
    auth: str = ""
    reset: bool = False
    wait_timeout_ms: int = 120_000
    idle_timeout_ms: int = 0
    tls_key: str = ""
    tls_certificate: str = ""


@dataclass(frozen=True, slots=True)
class Migrations:
    """Where a service's own schema changes come from: a folder of ordered SQL files, or a command."""

    folder: str = ""
    command: str = ""
    directory: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A foreign key into another service: ``table (columns)`` refers to ``to_table (to_columns)``."""

    table: TableName
    columns: tuple[str, ...]
    to_table: TableName
    to_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """One service and what it owns. ``schemas == ()`` is a foreign application that owns a whole database.

    ``replicas`` are those of ``reads`` that shall be copied to the reader when they live in another database; the
    others are then foreign tables. ``adopts`` are tables as a database that was there before calls them; a ``*`` in the
    name stands for any text.
    """

    name: str
    schemas: tuple[str, ...]
    tables: tuple[TableName, ...] = ()
    migrations: Migrations | None = None
    extensions: tuple[str, ...] = ()
    profile: Profile = Profile.DEFAULT
    settings: tuple[tuple[str, str], ...] = ()
    pool: Pool | None = None
    port: int | None = None
    reads: tuple[TableName, ...] = ()
    replicas: tuple[TableName, ...] = ()
    references: tuple[Reference, ...] = ()
    publishes: tuple[TableName, ...] = ()
    limits: Limits = Limits()
    classification: tuple[str, ...] = ()
    database: str = ""
    instance: str = ""
    timeseries: tuple[TimeSeries, ...] = ()
    retention: tuple[Retention, ...] = ()
    adopts: tuple[TableName, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignore:
    """A finding that the team accepts, with its reason, until a day (ISO date, empty for ever)."""

    key: str
    reason: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Platform:
    """The whole declaration. Services, servers and groups are sorted by name, so order in the file never matters.

    ``marks`` maps dotted paths (``services.users.pool.size``, see ``names.dotted``) to places in the files. ``written``
    holds each scalar as it stands in its file, ``resolved`` what ``${NAME}`` and ``env:NAME`` became (never print it).
    None of the three takes part in equality. ``weights`` are those of criteria for ``freehold advise``.
    """

    name: str
    layout: Layout
    servers: tuple[Server, ...]
    services: tuple[Service, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    ignores: tuple[Ignore, ...] = ()
    pooler: Pooler | None = None
    weights: tuple[tuple[str, int], ...] = ()
    file: str = ""
    marks: Mapping[str, Mark] = field(default_factory=dict, compare=False, repr=False)
    written: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    resolved: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def service(self, name: str) -> Service:
        """The service of this name. Raises KeyError."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)

    def owner_of(self, schema: str) -> Service | None:
        """The service that owns ``schema``, or None."""
        return next((service for service in self.services if schema in service.schemas), None)
