"""The nouns of a placement: which service lives in which database on which instance, under which roles."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.spec.model import Layout, Profile, Server, TableName, Via


@dataclass(frozen=True, slots=True)
class ServiceRoles:
    """The roles of one service: ``owner`` (no login, owns objects), ``app`` (login, data), ``ro`` (login, reads)."""

    owner: str
    app: str
    ro: str

    @property
    def link(self) -> str:
        """The login under which the service's foreign tables read in other databases; exists where they read."""
        return self.app.removesuffix("_app") + "_link"

    @property
    def readers(self) -> tuple[str, str, str]:
        """The roles that may read what the service declares: its logins, and its owner, since views act as that."""
        return self.owner, self.app, self.ro


@dataclass(frozen=True, slots=True)
class PlatformRoles:
    """The logins of the platform: ``analytics`` reads what is published, ``monitor`` watches, ``backup`` copies.
    ``pool`` looks logins up for the pools; empty when the platform has no pooler."""

    analytics: str
    monitor: str
    backup: str
    pool: str = ""

    @property
    def mirror(self) -> str:
        """The role without login that owns foreign tables and replicas; exists where there are any."""
        return self.monitor.removesuffix("_monitor") + "_mirror"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one service lives. Under the layout ``central`` all placements share the same roles (``shared``)."""

    service: str
    instance: str
    database: str
    schemas: tuple[str, ...]
    roles: ServiceRoles
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """Where a move has taken a service: as ``layout`` would place it, unless ``instance`` or ``database`` say else."""

    layout: Layout
    instance: str = ""
    database: str = ""


Place = tuple[str, str]
"""A database: (instance, database)."""


@dataclass(frozen=True, slots=True)
class LinkedTable:
    """A table that crosses databases. ``table == "*"``: every table of the schema. ``readers`` are services."""

    name: TableName
    owner: str
    via: Via
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """What the services of one database read in another one.

    ``name`` is that of the foreign server, the publication, the replication slot and the subscription: ASCII, stable,
    and no other platform's. ``replica_login`` is the login under which the subscription reads; empty without replicas.
    """

    name: str
    reader: Place
    source: Place
    tables: tuple[LinkedTable, ...]
    replica_login: str

    def through(self, via: Via) -> tuple[LinkedTable, ...]:
        """The tables read in one way."""
        return tuple(table for table in self.tables if table.via is via)

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas that are mirrored, sorted."""
        return tuple(sorted({table.name.schema for table in self.tables}))


@dataclass(frozen=True, slots=True)
class LinkLogin:
    """A login under which links read in the database ``source``: exactly ``tables``, and nothing is its own.

    ``purpose`` is link (foreign tables of ``service``, empty when services share their login) or replica.
    """

    role: str
    purpose: str
    service: str
    source: Place
    tables: tuple[TableName, ...]
    connections: int


@dataclass(frozen=True, slots=True)
class Instance:
    """One PostgreSQL server process of the layout. ``port`` None means: take a free one.

    ``profiles`` are those of the services placed here; ``settings`` are declared ones, service's over server's
    over platform's. ``connections`` is the sum of the connection limits of all logins that may connect.
    """

    name: str
    server: Server
    port: int | None
    profiles: tuple[Profile, ...]
    settings: tuple[tuple[str, str], ...]
    connections: int

    @property
    def owned(self) -> bool:
        """Whether Freehold starts, stops and configures this server process itself."""
        return self.server.kind != "url"


@dataclass(frozen=True, slots=True)
class Placements:
    """The result of a layout: instances, placements and links, each sorted. ``home`` is the first instance by
    name of a declared server; it holds the platform's lock. ``shared_login``: some services share their roles."""

    platform: str
    shared_login: bool
    roles: PlatformRoles
    instances: tuple[Instance, ...]
    services: tuple[Placement, ...]
    links: tuple[Link, ...] = ()
    link_logins: tuple[LinkLogin, ...] = ()

    @property
    def home(self) -> str:
        return self.instances[0].name

    def of(self, service: str) -> Placement:
        """The placement of a service. Raises KeyError."""
        for placement in self.services:
            if placement.service == service:
                return placement
        raise KeyError(service)

    def databases(self) -> tuple[tuple[str, str], ...]:
        """Every (instance, database) that holds a service, sorted, without repeats."""
        return tuple(sorted({(p.instance, p.database) for p in self.services}))

    def within(self, instance: str, database: str) -> tuple[Placement, ...]:
        """The placements in one database, sorted by service."""
        return tuple(p for p in self.services if (p.instance, p.database) == (instance, database))
