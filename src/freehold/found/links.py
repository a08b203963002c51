"""What a snapshot holds of reads across databases: shapes of relations, foreign servers, publications and so on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation. ``type`` is as format_type writes it; ``of`` names the type (the element type of an
    array) where it is not PostgreSQL's own, (schema, name). ``generated`` is the expression of a generated column."""

    name: str
    type: str
    of: tuple[str, str] | None = None
    array: bool = False
    collation: str = ""
    generated: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a copy of a relation needs to know. ``key`` are the columns by which a replica tells rows apart.

    ``identity`` is pg_class.relreplident, ``persistence`` pg_class.relpersistence. ``chunked``: it is a hypertable.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    identity: str = "d"
    persistence: str = "p"
    row_security: bool = False
    chunked: bool = False


@dataclass(frozen=True, slots=True, order=True)
class UserType:
    """A type that is not PostgreSQL's own. ``kind`` is pg_type.typtype; ``labels`` are an enum's in order, ``base`` a
    domain's type as format_type writes it, or empty when that is not PostgreSQL's own either."""

    schema: str
    name: str
    kind: str
    labels: tuple[str, ...] = ()
    base: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True, order=True)
class UserMapping:
    """Whom ``user`` is on a foreign server. ``digest`` is SHA-256 of the password; None: none, or unreadable."""

    user: str
    options: tuple[tuple[str, str], ...] = ()
    digest: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, order=True)
class ForeignServer:
    """A foreign server and its user mappings."""

    name: str
    wrapper: str
    options: tuple[tuple[str, str], ...]
    mappings: tuple[UserMapping, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class ForeignTable:
    """Where a foreign table leads."""

    schema: str
    name: str
    server: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class Publication:
    """A publication and the tables it names, as (schema, table)."""

    name: str
    all_tables: bool
    via_root: bool
    operations: tuple[str, ...]
    tables: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class Subscription:
    """A subscription and the tables it fills. ``connection`` is its connection string without the password, whose
    SHA-256 is ``digest``; both are None for who is not superuser. ``syncing`` are the tables still being copied."""

    name: str
    enabled: bool
    slot: str
    publications: tuple[str, ...]
    tables: tuple[tuple[str, str], ...]
    connection: str | None = None
    digest: str | None = field(default=None, repr=False)
    syncing: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A replication slot; ``database`` is empty for a physical one. ``lost``: it no longer holds what it promised."""

    name: str
    database: str
    plugin: str
    lost: bool = False
