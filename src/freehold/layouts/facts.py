"""What a judgement about layouts rests on: services, what crosses between them, and where they live now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from freehold.finding import Evidence
from freehold.spec.model import Layout, Profile


class CrossingKind(StrEnum):
    """How one service depends on another's tables. Between databases a reference becomes an audited soft one, a read
    becomes a foreign table or a replica, and a join, view or function must be written anew."""

    REFERENCE = "reference"
    READ = "read"
    JOIN = "join"
    VIEW = "view"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class CrossingFact:
    """``service`` depends on a table of ``other``; ``what`` names it for a person."""

    kind: CrossingKind
    service: str
    other: str
    what: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """Where a service lives: an instance and a database there."""

    instance: str
    database: str


@dataclass(frozen=True, slots=True)
class ServiceFact:
    """One service. ``bytes`` is None where nobody measured. ``connections`` is what its logins may open.

    ``extensions`` are wanted in its database; ``server_settings`` hold for a whole server. ``whole_database`` is for a
    foreign application, which shares no database in any layout. ``database`` and ``instance`` are pins.
    """

    name: str
    connections: int = 0
    classification: tuple[str, ...] = ()
    profile: Profile = Profile.DEFAULT
    bytes: int | None = None
    extensions: tuple[str, ...] = ()
    server_settings: tuple[str, ...] = ()
    whole_database: bool = False
    database: str = ""
    instance: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Everything the criteria may look at. ``homes`` is empty where nothing stands yet; ``shared_login`` says that the
    services of today connect as one. ``max_connections`` is of one server, None where nobody said."""

    services: tuple[ServiceFact, ...]
    crossings: tuple[CrossingFact, ...] = ()
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    max_connections: int | None = None
    connections_evidence: tuple[Evidence, ...] = ()
    homes: Mapping[str, Home] = field(default_factory=dict)
    shared_login: bool = False

    @cached_property
    def between(self) -> tuple[CrossingFact, ...]:
        """The crossings whose two ends are different services that are known."""
        names = {service.name for service in self.services}
        return tuple(one for one in self.crossings if one.service != one.other and {one.service, one.other} <= names)

    @cached_property
    def places(self) -> Mapping[str, tuple[Evidence, ...]]:
        """Where each service was seen."""
        return {service.name: service.evidence for service in self.services}


@dataclass(frozen=True)
class Arrangement:
    """The services under one layout."""

    layout: Layout
    homes: Mapping[str, Home]
    shared_login: bool

    def same_database(self, one: str, other: str) -> bool:
        """Whether two services share a database."""
        return self.homes[one] == self.homes[other]

    def same_instance(self, one: str, other: str) -> bool:
        """Whether two services share a server process."""
        return self.homes[one].instance == self.homes[other].instance

    @cached_property
    def databases(self) -> Mapping[Home, tuple[str, ...]]:
        """The services of each database, sorted."""
        found: dict[Home, list[str]] = {}
        for name in sorted(self.homes):
            found.setdefault(self.homes[name], []).append(name)
        return {home: tuple(names) for home, names in sorted(found.items(), key=lambda item: item[1])}

    @cached_property
    def instances(self) -> Mapping[str, tuple[str, ...]]:
        """The services of each instance, sorted."""
        found: dict[str, list[str]] = {}
        for name in sorted(self.homes):
            found.setdefault(self.homes[name].instance, []).append(name)
        return {instance: tuple(names) for instance, names in sorted(found.items())}


def arrange(facts: Facts, layout: Layout) -> Arrangement:
    """Where each service would live under ``layout``. Pins stay pins, a whole database stays whole."""
    grouped = {service: name for name, services in facts.groups for service in services}
    homes: dict[str, Home] = {}
    for service in facts.services:
        own = layout is Layout.INSTANCE_PER_SERVICE and not service.instance
        instance = service.instance or (service.name if own else "main")
        if service.database:
            database = service.database
        elif service.whole_database or layout in (Layout.DATABASE_PER_SERVICE, Layout.INSTANCE_PER_SERVICE):
            database = f"service {service.name}"
        elif layout is Layout.GROUPS:
            group = grouped.get(service.name)
            database = f"service {service.name}" if group is None else f"group {group}"
        else:
            database = "shared"
        homes[service.name] = Home(instance, database)
    return Arrangement(layout, homes, layout is Layout.CENTRAL)
