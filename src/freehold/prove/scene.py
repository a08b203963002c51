"""Who attacks, what is whose, and which crossings are declared: everything a proof claims, as pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from freehold.found.model import Contents, Found, Object, Server
from freehold.found.timescale import INNER
from freehold.layouts.model import LinkLogin, Placement, Placements
from freehold.prove.model import Canary, Login, Scene, SecondHome
from freehold.spec.model import Platform, TableName, Via
from freehold.sqltext import Sql, ident

RELATIONS = ("TABLE", "PARTITIONED TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE")
LINKS = ("link", "replica")
"""The purposes of logins under which reads across databases come."""
ROUTINES = ("FUNCTION", "PROCEDURE", "AGGREGATE")


@dataclass(frozen=True, slots=True)
class Thing:
    """An object in a database with the service it belongs to ("" for nobody's), and the token it holds if a canary."""

    instance: str
    database: str
    service: str
    object: Object
    token: str = ""

    @property
    def name(self) -> Sql:
        return ident(self.object.schema, self.object.name) if self.object.schema else ident(self.object.name)

    @property
    def shown(self) -> str:
        """The object in PostgreSQL's words: ``table "s"."t"``."""
        routine = f"({self.object.arguments})" if self.object.kind in ROUTINES else ""
        return f"{self.object.kind.lower()} {self.name}{routine}"


def logins(platform: Platform, placements: Placements) -> tuple[Login, ...]:
    """Every login role that the platform declares, once for each instance on which it exists."""
    found: dict[tuple[str, str], Login] = {}
    for placement in placements.services:
        service = "" if shared(placements, placement) else placement.service
        for purpose, role in (("app", placement.roles.app), ("ro", placement.roles.ro)):
            if purpose == "ro" and not platform.service(placement.service).schemas and not service:
                continue
            key = (placement.instance, role)
            found.setdefault(key, Login(role, purpose, service, placement.instance, placement.database))
    for instance in placements.instances:
        homes = [p.database for p in placements.services if p.instance == instance.name]
        for purpose in ("analytics", "monitor", "backup", "pool"):
            role = getattr(placements.roles, purpose)
            if homes and role:
                found[(instance.name, role)] = Login(role, purpose, "", instance.name, homes[0])
    for link in placements.link_logins:
        found.setdefault((link.source[0], link.role), Login(link.role, link.purpose, link.service, *link.source))
    return tuple(sorted(found.values(), key=lambda login: (login.instance, login.role)))


def shared(placements: Placements, placement: Placement) -> bool:
    """Whether another service logs in under the same role, so that the two cannot be told apart."""
    return any(
        other.service != placement.service and other.roles.app == placement.roles.app for other in placements.services
    )


def present(scene: Scene, login: Login) -> bool:
    """Whether the role exists on its instance; a login that does not exist cannot attack."""
    return login.role in scene.found.servers[login.instance].roles


def placement_of(scene: Scene, login: Login) -> tuple[Placement, ...]:
    """The placements a login works for: one, or all that share it; none for the platform's own logins."""
    return tuple(
        p for p in scene.placements.services if p.instance == login.instance and login.role in (p.roles.app, p.roles.ro)
    )


def contents(found: Found, instance: str, database: str) -> Contents:
    """What is inside a database, empty when it was not read."""
    server = found.servers.get(instance)
    there = server.databases.get(database) if server else None
    return (there.contents if there else None) or Contents()


def owner_service(placements: Placements, instance: str, database: str, thing: Object) -> str:
    """The service an object belongs to: that of the role that owns it, else that of its schema, else ""."""
    within = placements.within(instance, database)
    by_role = [p.service for p in placements.services if p.instance == instance and thing.owner == p.roles.owner]
    by_schema = [p.service for p in within if thing.schema in p.schemas]
    if len(by_role) == 1:
        return by_role[0]
    if by_schema:
        return by_schema[0]
    whole = [p.service for p in within if not p.schemas]
    return whole[0] if len(within) == 1 and whole else ""


def things(scene: Scene, instance: str, database: str) -> tuple[Thing, ...]:
    """Every object of a database that is not an extension's, and the canaries in it, sorted."""
    found = [
        Thing(instance, database, owner_service(scene.placements, instance, database, thing), thing)
        for thing in contents(scene.found, instance, database).objects
        if not thing.extension
    ]
    for canary in scene.canaries.values():
        if (canary.instance, canary.database) == (instance, database):
            found.extend(canary_things(canary))
    return tuple(sorted(found, key=lambda t: (t.service, t.object.schema, t.object.name, t.object.kind)))


def canary_things(canary: Canary) -> tuple[Thing, ...]:
    """The objects that make up a canary."""
    schema, name, owner = canary.schema, canary.table, canary.owner
    table = Object(kind="TABLE", schema=schema, name=name, owner=owner, columns=("id", "token"))
    sequence = Object(kind="SEQUENCE", schema=schema, name=f"{name}_id_seq", owner=owner)
    path = ("search_path=pg_catalog, pg_temp",)
    routine = Object(kind="FUNCTION", schema=schema, name=name, owner=owner, security_definer=True, config=path)
    return tuple(
        Thing(canary.instance, canary.database, canary.service, thing, canary.token)
        for thing in (table, sequence, routine)
    )


def owns(scene: Scene, login: Login, thing: Thing) -> bool:
    """Whether the object is one of the login's own service, in that service's schema and under its owner role."""
    schema, _ = served_as(thing.object)
    for placement in placement_of(scene, login):
        if (placement.instance, placement.database) != (thing.instance, thing.database):
            continue
        if not placement.schemas:
            return True
        if schema in placement.schemas and thing.object.owner == placement.roles.owner:
            return True
        mine = schema in placement.schemas and thing.service in ("", placement.service)
        if mine and not borrowed(thing):
            return True
    return False


def served_as(thing: Object) -> tuple[str, str]:
    """The schema and name under which the rows of an object are served: a chunk is part of its hypertable."""
    if thing.schema == INNER and len(thing.partition_of) == 2:
        return thing.partition_of[0], thing.partition_of[1]
    return thing.schema, thing.name


def borrowed(thing: Thing) -> bool:
    """Whether using the object means acting with the rights of its owner."""
    return thing.object.kind in ("VIEW", "MATERIALIZED VIEW") or thing.object.security_definer


def links_of(scene: Scene, role: str, instance: str) -> tuple[LinkLogin, ...]:
    """What a login of links may read, database by database."""
    return tuple(link for link in scene.placements.link_logins if (link.source[0], link.role) == (instance, role))


def link_mappings(placements: Placements, place: tuple[str, str]) -> Mapping[tuple[str, str], str]:
    """(foreign server, role of a reader) to the login that it lends, of all links of a database."""
    return {
        (link.name, role): placements.of(reader).roles.link
        for link in placements.links
        if link.reader == place
        for table in link.through(Via.FOREIGN_TABLE)
        for reader in table.readers
        for role in placements.of(reader).roles.readers
    }


def matches(declared: Iterable[TableName], schema: str, table: str) -> bool:
    """Whether a declared list of tables covers this table."""
    return any(name.schema == schema and name.table in ("*", table) for name in declared)


def published(platform: Platform) -> tuple[TableName, ...]:
    """Every table that some service publishes."""
    return tuple(sorted({name for service in platform.services for name in service.publishes}))


def may_read(scene: Scene, login: Login, thing: Thing) -> bool:
    """Whether the declaration lets this login read this object."""
    name = served_as(thing.object)
    if owns(scene, login, thing) or login.purpose == "backup":
        return True
    if login.purpose == "analytics":
        return matches(published(scene.platform), *name)
    if login.purpose in LINKS:
        return any(
            matches(link.tables, *name)
            for link in links_of(scene, login.role, login.instance)
            if link.source == (thing.instance, thing.database)
        )
    services = [p.service for p in placement_of(scene, login)]
    return any(matches(scene.platform.service(s).reads, *name) for s in services)


def may_enter(scene: Scene, login: Login, instance: str, database: str) -> bool:
    """Whether the declaration, or a move under way, gives this login a reason to connect to this database."""
    if login.instance == instance and login.role in passing_at(scene, instance, database):
        return True
    here = scene.placements.within(instance, database)
    if login.purpose in ("monitor", "backup"):
        return instance == login.instance
    if login.purpose == "pool":
        return any(scene.platform.service(p.service).pool is not None for p in here)
    if login.purpose == "analytics":
        return any(scene.platform.service(p.service).publishes for p in here)
    if login.purpose in LINKS:
        return any(link.source == (instance, database) for link in links_of(scene, login.role, login.instance))
    return any(p in here for p in placement_of(scene, login))


def passing_at(scene: Scene, instance: str, database: str) -> frozenset[str]:
    """The roles that moves under way need in a database."""
    return frozenset(role for *place, role in scene.passing if place == [instance, database])


def at_second_home(scene: Scene) -> Iterator[SecondHome]:
    """The second homes that are there, with those of the logins that the move needs which may come in now."""
    for home in scene.second:
        server = scene.beyond.servers.get(home.instance)
        database = server.databases.get(home.database) if server is not None else None
        if server is None or database is None:
            continue
        inside = {grant.grantee for grant in database.acl if grant.privilege == "CONNECT"}
        here = {name for name in home.logins & inside if name in server.roles and server.roles[name].login}
        yield replace(home, logins=frozenset(here))


_NAME = re.compile(r'"((?:[^"]|"")+)"|([^\s,"]+)')


def path_names(text: str) -> tuple[str, ...]:
    """The schemas of a search_path as ``SHOW`` prints it."""
    return tuple((quoted or bare).replace('""', '"') for quoted, bare in _NAME.findall(text))


def capacity(server: Server) -> int:
    """How many connections an instance has for everybody but those it reserves them for; 0 when it is not known."""

    def number(name: str) -> int:
        setting = server.settings.get(name)
        return int(setting.value) if setting is not None and setting.value.isdigit() else 0

    kept = number("superuser_reserved_connections") + number("reserved_connections")
    return max(0, number("max_connections") - kept)


def service_schemas(placements: Placements) -> Mapping[str, str]:
    """Schema to the service that owns it."""
    return {schema: p.service for p in placements.services for schema in p.schemas}
