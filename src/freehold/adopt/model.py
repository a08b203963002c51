"""The nouns of an adoption: what a database holds, and what of it goes where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from freehold.layouts.model import Placement
from freehold.spec.model import TableName


class Kind(StrEnum):
    """What a thing is, in the words of ALTER."""

    TABLE = "TABLE"
    FOREIGN = "FOREIGN TABLE"
    VIEW = "VIEW"
    MATERIALIZED = "MATERIALIZED VIEW"
    SEQUENCE = "SEQUENCE"
    STATISTICS = "STATISTICS"
    ROUTINE = "ROUTINE"
    TYPE = "TYPE"
    DOMAIN = "DOMAIN"


TABLES = (Kind.TABLE, Kind.FOREIGN)
NAMED = (*TABLES, Kind.VIEW, Kind.MATERIALIZED)
"""What a view can stand in for under the old name."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One privilege of one grantee; ``column`` is empty for the whole object."""

    grantee: str
    privilege: str
    grantable: bool = False
    column: str = ""


@dataclass(frozen=True, slots=True)
class Thing:
    """One object. ``key`` is its catalog and OID and stays when the object changes schema.

    ``part_of`` is the table whose partition, sequence or statistics it is, or the range that a multirange is made of.
    ``rights`` are what is in force, the owner's and the defaults included. ``text`` is the body of a routine.
    ``policed`` tells that row security is on, ``guarded`` that it holds for everybody but the owner, ``restricting``
    are restrictive policies that would hold for the owner if it were not the owner.
    """

    key: str
    kind: Kind
    schema: str
    name: str
    owner: str
    owner_is_superuser: bool = False
    extension: str = ""
    arguments: str = ""
    part_of: str = ""
    rights: tuple[Right, ...] = ()
    columns: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    fires: bool = False
    definer: bool = False
    policed: bool = False
    guarded: bool = False
    restricting: tuple[str, ...] = ()
    text: str = field(default="", repr=False)

    @property
    def table(self) -> TableName:
        return TableName(self.schema, self.name)

    @property
    def owned_with(self) -> bool:
        """Whether its owner is that of what it is part of."""
        return bool(self.part_of) and self.kind in (Kind.SEQUENCE, Kind.TYPE)

    @property
    def late(self) -> bool:
        """Whether nothing can stand in for it under its old name: it follows when the old names end."""
        alone = self.kind is Kind.SEQUENCE and not self.part_of
        return alone or self.kind in (Kind.TYPE, Kind.DOMAIN) or (self.kind is Kind.ROUTINE and not self.fires)


@dataclass(frozen=True, slots=True)
class Old:
    """What was written down of an adopted thing: where it was, whose, and who might do what with it."""

    key: str
    service: str
    kind: Kind
    schema: str
    name: str
    target: str
    owner: str
    rights: tuple[Right, ...]
    view: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What a database says of itself. ``things`` are what may be adopted, ``placed`` what lies in services' schemas,
    ``stand_ins`` the views under old names. ``uses`` are pairs of keys: who uses what. ``taken`` are names in the
    schemas of services. ``clients`` are the logins connected now, without superusers."""

    things: tuple[Thing, ...]
    placed: tuple[Thing, ...]
    stand_ins: tuple[Thing, ...]
    uses: tuple[tuple[str, str], ...]
    taken: frozenset[TableName]
    old: tuple[Old, ...]
    published: tuple[tuple[str, str], ...] = ()
    clients: frozenset[str] = frozenset()
    deadlock_timeout_ms: int = 1000

    def by_key(self) -> Mapping[str, Thing]:
        return {one.key: one for one in self.things}


@dataclass(frozen=True, slots=True)
class Share:
    """What one service gets out of a database, into its first schema."""

    placement: Placement
    schema: str
    things: tuple[Thing, ...]

    @property
    def service(self) -> str:
        return self.placement.service


@dataclass(frozen=True, slots=True)
class Shares:
    """Who gets what; ``shared`` are things of several services (None: of nobody), which stay where they are."""

    owner: Mapping[str, str]
    contested: tuple[tuple[Thing, tuple[str, ...]], ...] = ()
    shared: tuple[tuple[Thing, tuple[str | None, ...]], ...] = ()
