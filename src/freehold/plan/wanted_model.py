"""The nouns of what a design wants: roles, databases, schemas, and who shall have which privileges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from freehold.layouts.model import Placement
from freehold.spec.model import TableName

Origin = Literal["own", "reads", "references", "publishes", "links"]
Target = Literal["SCHEMA", "TABLES", "SEQUENCES", "FUNCTIONS"]


@dataclass(frozen=True, slots=True)
class WantedRole:
    """A role of one instance. ``purpose`` is owner, app, ro, analytics, monitor, backup or pool; link, replica or
    mirror where reads cross databases. ``service`` is empty for roles of the platform and for shared ones."""

    name: str
    purpose: str
    service: str
    login: bool
    connection_limit: int

    @property
    def replication(self) -> bool:
        # no smaller right lets a subscription follow
        return self.purpose in ("backup", "replica")

    @property
    def bypassrls(self) -> bool:
        return self.purpose == "backup"


@dataclass(frozen=True, slots=True)
class Wish:
    """``grantee`` shall have ``privileges`` on a schema, on one of its tables, or on all its objects, now and later.

    ``table`` empty means all; ``service`` is the one whose declaration asks for it.
    """

    origin: Origin
    service: str
    schema: str
    on: Target
    grantee: str
    privileges: tuple[str, ...]
    table: str = ""


@dataclass(frozen=True, slots=True)
class WantedSchema:
    """A schema of a service, and everything anybody may do in it."""

    name: str
    service: str
    owner: str
    wishes: tuple[Wish, ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A declared reference that leaves its database, so that no foreign key can hold it."""

    service: str
    kind: str
    table: TableName
    source: str


@dataclass(frozen=True, slots=True)
class WantedDatabase:
    """A database of the design. ``access`` maps a role to the privileges it holds on the database itself;
    ``foreign`` is the application role that owns everything inside, or empty; ``settings`` are (role, key, value);
    ``order`` maps a service to its turn: services whose tables are referenced come first."""

    instance: str
    name: str
    placements: tuple[Placement, ...]
    schemas: Mapping[str, WantedSchema]
    access: Mapping[str, frozenset[str]]
    foreign: str
    connection_limit: int
    extensions: Mapping[str, tuple[str, ...]]
    extension_schema: str
    extension_users: tuple[str, ...]
    settings: tuple[tuple[str, str, str], ...]
    order: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Roles by instance and name; databases by (instance, name); what cannot be granted."""

    roles: Mapping[str, Mapping[str, WantedRole]]
    databases: Mapping[tuple[str, str], WantedDatabase]
    crossings: tuple[Crossing, ...]
