"""What is there: one frozen snapshot of each server, without OIDs, times or anything that changes by itself.

System schemas (``pg_*``, ``information_schema``) and Freehold's own control schema are left out. ACLs are
expanded: a NULL ACL in the catalog is replaced by PostgreSQL's default for that object, so "no entry" and
"default" never have to be told apart. ``public`` as a grantee is the pseudo-role PUBLIC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from freehold.found.links import ForeignServer, ForeignTable, Publication, Shape, Slot, Subscription, UserType
from freehold.found.timescale import Timescale

CONTROL_SCHEMA = "freehold"
"""The schema of the journal and the migration ledger, in each managed database and each maintenance database."""


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One privilege of one grantee, as an aclitem says it. ``privilege`` is PostgreSQL's word (``SELECT``)."""

    grantee: str
    privilege: str
    grantor: str
    grantable: bool


Acl = frozenset[Grant]


@dataclass(frozen=True, slots=True)
class Role:
    """A role and its attributes. ``verifier`` is pg_authid.rolpassword; None when absent *or* unreadable
    (``Server.reads_verifiers`` tells which). ``settings`` are those of all databases (ALTER ROLE .. SET)."""

    name: str
    login: bool = False
    superuser: bool = False
    inherit: bool = True
    createrole: bool = False
    createdb: bool = False
    replication: bool = False
    bypassrls: bool = False
    connection_limit: int = -1
    valid_until: str | None = None
    verifier: str | None = field(default=None, repr=False)
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Membership:
    """``member`` belongs to ``role``. Before PostgreSQL 16 ``inherit`` is the member's INHERIT and ``set`` is True."""

    role: str
    member: str
    admin: bool
    inherit: bool
    set: bool
    grantor: str


@dataclass(frozen=True, slots=True, order=True)
class DefaultAcl:
    """ALTER DEFAULT PRIVILEGES of ``owner``; ``schema`` empty means in all schemas.

    ``kind`` is PostgreSQL's word (TABLES, SEQUENCES, FUNCTIONS, TYPES, SCHEMAS, LARGE OBJECTS).
    For an all-schemas entry ``acl`` is the whole ACL new objects get; for a schema entry it is what is added.
    """

    owner: str
    schema: str
    kind: str
    acl: Acl


@dataclass(frozen=True, slots=True)
class Object:
    """A table, sequence, view, function, type or foreign server inside a database.

    ``kind`` is PostgreSQL's word (TABLE, PARTITIONED TABLE, VIEW, MATERIALIZED VIEW, SEQUENCE, FOREIGN TABLE,
    FUNCTION, PROCEDURE, AGGREGATE, TYPE, DOMAIN, FOREIGN SERVER, FOREIGN DATA WRAPPER, LANGUAGE, LARGE OBJECT).
    ``arguments`` are a routine's identity arguments; ``columns`` are a table's columns in order;
    ``column_acl`` holds grants on single columns. ``extension`` names the extension it belongs to, else "".
    ``partition_key`` is a partitioned table's strategy and columns (``RANGE``, ``time``; an expression is ``""``);
    ``partition_of`` names the table it is a partition of by schema and name, ``default_partition`` says which one.
    """

    kind: str
    schema: str
    name: str
    owner: str
    acl: Acl = frozenset()
    arguments: str = ""
    columns: tuple[str, ...] = ()
    column_acl: tuple[tuple[str, Acl], ...] = ()
    extension: str = ""
    security_definer: bool = False
    config: tuple[str, ...] = ()
    partition_key: tuple[str, ...] = ()
    partition_of: tuple[str, ...] = ()
    default_partition: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema with its owner and ACL."""

    name: str
    owner: str
    acl: Acl


@dataclass(frozen=True, slots=True, order=True)
class AppliedMigration:
    """One row of the migration ledger of a database."""

    service: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What is inside one database. ``foreign_keys`` are pairs of (schema.table referencing, schema.table referenced)
    that cross schemas. ``shapes`` are those of all relations but sequences, partitions and what extensions bring."""

    schemas: Mapping[str, Schema] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)
    default_acls: tuple[DefaultAcl, ...] = ()
    objects: tuple[Object, ...] = ()
    migrations: tuple[AppliedMigration, ...] = ()
    has_control: bool = False
    pool_lookup: Acl | None = None
    """Who may call the function that shows pools a login's verifier; None when there is no such function."""
    foreign_keys: tuple[tuple[str, str], ...] = ()
    shapes: tuple[Shape, ...] = ()
    types: tuple[UserType, ...] = ()
    foreign_servers: tuple[ForeignServer, ...] = ()
    foreign_tables: tuple[ForeignTable, ...] = ()
    publications: tuple[Publication, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    timescale: Timescale | None = None
    """None where the extension is not installed."""


@dataclass(frozen=True, slots=True)
class Database:
    """A database. ``settings`` are (role or "" for all, key, value) of ALTER DATABASE / ALTER ROLE IN DATABASE.

    ``contents`` is None when the database was not read (not ours, or no right to connect)."""

    name: str
    owner: str
    encoding: str
    collate: str
    ctype: str
    connection_limit: int
    is_template: bool
    allow_connections: bool
    acl: Acl
    settings: tuple[tuple[str, str, str], ...] = ()
    contents: Contents | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of pg_settings: ``value`` as ``SHOW`` prints it, ``context`` says what a change needs."""

    value: str
    context: str
    source: str
    pending_restart: bool
    configured: str | None = None
    """What ALTER SYSTEM wrote in postgresql.auto.conf; None when nothing or unreadable."""


@dataclass(frozen=True, slots=True)
class HbaRule:
    """One line of pg_hba.conf as the server parsed it; ``error`` is the server's complaint about the line."""

    type: str
    databases: tuple[str, ...]
    users: tuple[str, ...]
    address: str
    method: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """One instance as it is. ``version`` is server_version_num (180006). ``user`` is who looked. ``subscriptions`` are
    (database, name) of all databases, read or not."""

    instance: str
    version: int
    user: str
    superuser: bool
    reads_verifiers: bool
    maintenance_database: str
    roles: Mapping[str, Role] = field(default_factory=dict)
    memberships: tuple[Membership, ...] = ()
    databases: Mapping[str, Database] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    hba: tuple[HbaRule, ...] | None = None
    extensions_available: frozenset[str] = frozenset()
    replication_slots: tuple[Slot, ...] = ()
    subscriptions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Every instance of the platform that could be read, by name."""

    servers: Mapping[str, Server] = field(default_factory=dict)
