"""The nouns of a move: two sides, and everything a service has on one of them."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.layouts.model import Home, ServiceRoles
from freehold.spec.model import Layout, TableName

SOURCE = "source"
TARGET = "target"
_CENTRAL = Home(Layout.CENTRAL)


def other(side: str) -> str:
    """The side across."""
    return TARGET if side == SOURCE else SOURCE


@dataclass(frozen=True, slots=True, order=True)
class Side:
    """A database on an instance: the home that a service leaves, or the one it goes to."""

    instance: str
    database: str


@dataclass(frozen=True, slots=True)
class Move:
    """One service on its way from ``source`` to ``target``; ``id`` names everything that is made for it.

    ``source_roles`` and ``target_roles`` differ where one of the layouts has one login for all. ``layout`` is the
    layout that the target belongs to; ``came`` and ``goes`` say how the service is placed before and after.
    """

    id: str
    platform: str
    service: str
    layout: str
    source: Side
    target: Side
    schemas: tuple[str, ...]
    source_roles: ServiceRoles
    target_roles: ServiceRoles
    came: Home = _CENTRAL
    goes: Home = _CENTRAL

    def place(self, side: str) -> Side:
        """Where ``source`` or ``target`` is."""
        return self.source if side == SOURCE else self.target

    def roles(self, side: str) -> ServiceRoles:
        return self.source_roles if side == SOURCE else self.target_roles

    def role_on_target(self, name: str) -> str:
        """The role that stands on the target for a role of the source: the service's own are mapped, others stay."""
        pairs = {
            self.source_roles.owner: self.target_roles.owner,
            self.source_roles.app: self.target_roles.app,
            self.source_roles.ro: self.target_roles.ro,
        }
        return pairs.get(name, name)


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``type`` is what format_type prints; ``base`` is (schema, name) of the type under all domains and
    arrays, ``kind`` its typtype (b, c, d, e, m, p, r).

    ``generated`` is empty, ``s`` (stored) or ``v`` (virtual); ``identity`` is empty, ``a`` (always) or ``d``
    (by default). ``deterministic`` is False where equal texts may have other bytes; ``array`` where the type is one.
    """

    name: str
    type: str
    base: tuple[str, str]
    kind: str
    array: bool = False
    domain: bool = False
    not_null: bool = False
    generated: str = ""
    identity: str = ""
    deterministic: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the service, a partition too. ``kind`` is r (plain) or p (partitioned), ``persistence`` p or u
    (unlogged); ``key`` are the columns of its primary key, ``replica_identity`` d, n, f or i as PostgreSQL says.

    ``partition_of`` is the parent of a partition; ``inherits`` whether it takes part in old-style inheritance.
    ``pages`` and ``rows`` are the server's estimates, ``bytes`` the size of its main fork. Where the server has counted
    nothing yet, ``rows`` is a guess by ``bytes``.
    """

    name: TableName
    kind: str
    persistence: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    replica_identity: str
    partition_of: TableName | None = None
    inherits: bool = False
    row_security: bool = False
    force_row_security: bool = False
    pages: int = 0
    rows: int = 0
    bytes: int = 0
    tablespace: str = ""
    triggers: tuple[tuple[str, str], ...] = ()
    """Name and firing mode (O origin, R replica, A always, D disabled) of each trigger that is no constraint's."""

    @property
    def holds_rows(self) -> bool:
        """Whether rows are stored in it: a partitioned table stores none itself."""
        return self.kind == "r"


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence. ``type`` is smallint, integer or bigint; ``owned_by`` the table and column it belongs to."""

    name: TableName
    type: str
    increment: int
    minimum: int
    maximum: int
    cycle: bool
    cache: int
    owned_by: tuple[TableName, str] | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key with at least one end in the service. ``definition`` is what pg_get_constraintdef prints."""

    name: str
    table: TableName
    to: TableName
    definition: str
    validated: bool


@dataclass(frozen=True, slots=True)
class Dependent:
    """Something of another service that needs something of this one, or the other way round: a view, a materialized
    view, a function, a policy, a trigger, a default. ``uses`` names what it uses in PostgreSQL's words, ``uses_kind``
    and ``uses_name`` say what that is; ``strange`` are columns of it whose type
    only its own database knows; ``writable`` is the definition of a view through which ``writers``, quoted as
    SQL, may write."""

    kind: str
    name: str
    schema: str
    uses: str
    uses_schema: str
    uses_kind: str
    uses_name: str
    strange: str = ""
    writable: str = ""
    writers: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a service has in one database, as one snapshot: tables by name, sequences, and what crosses its edge.

    ``other_relations`` are foreign tables and whatever else cannot be moved as rows, as (kind, name);
    ``large_objects`` counts those that the service's roles own; ``version`` is server_version_num.
    """

    side: Side
    version: int
    schemas: tuple[str, ...]
    tables: tuple[Table, ...]
    sequences: tuple[Sequence, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    dependents: tuple[Dependent, ...] = ()
    other_relations: tuple[tuple[str, str], ...] = ()
    extensions: tuple[tuple[str, str], ...] = ()
    large_objects: int = 0

    def table(self, name: TableName) -> Table:
        """The table of this name. Raises KeyError."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)

    @property
    def stored(self) -> tuple[Table, ...]:
        """The tables that hold rows, plain tables and partitions, by name."""
        return tuple(table for table in self.tables if table.holds_rows)

    @property
    def inside_keys(self) -> tuple[ForeignKey, ...]:
        """Foreign keys with both ends in the service."""
        return tuple(k for k in self.foreign_keys if k.table.schema in self.schemas and k.to.schema in self.schemas)

    @property
    def crossing_keys(self) -> tuple[ForeignKey, ...]:
        """Foreign keys that leave or enter the service."""
        return tuple(k for k in self.foreign_keys if k not in self.inside_keys)
