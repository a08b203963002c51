"""The plan that removes everything the design declares: databases, then roles. Every step of it is destructive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.fingerprint import fingerprint
from freehold.found.model import CONTROL_SCHEMA, Found
from freehold.plan.grants import named
from freehold.plan.linked import ours
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Plan, Statement, Step
from freehold.plan.order import in_order
from freehold.plan.steps.unsubscribe import DropPublication, DropSlot, DropSubscription, reaches
from freehold.plan.wanted import wanted
from freehold.sqltext import ident, sql


def make(design: Design, found: Found) -> Plan:
    """Drop each declared database that holds nothing but what is declared; where it holds more, only the services'
    schemas. Then drop the roles. The control schema of the maintenance database and the server settings stay."""
    steps = [*_databases(design, found), *_roles(design, found)]
    return Plan(platform=design.platform.name, fingerprint=fingerprint(found), steps=in_order(steps))


@dataclass(frozen=True, kw_only=True)
class _Drop(Step):
    phase: ClassVar[Phase] = Phase.CLEANUP
    action: Action = Action.DROP
    destructive: bool = True

    def undo(self) -> tuple[Effect, ...]:
        return ()


@dataclass(frozen=True, kw_only=True)
class DropSchema(_Drop):
    """A service's schema in a database that also holds what nobody declared."""

    kind: ClassVar[str] = "drop_schema"
    phase: ClassVar[Phase] = Phase.AFTER
    lock: ClassVar[str] = "ACCESS EXCLUSIVE on everything in the schema"

    def say(self) -> str:
        return f"drop schema {ident(self.name)} and everything in it; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP SCHEMA {} CASCADE", ident(self.name))),)

    def done(self, found: Found) -> bool:
        return self.name not in look(found).contents(self.instance, self.database).schemas


@dataclass(frozen=True, kw_only=True)
class DropRights(_Drop):
    """Everything a role still owns or may do in one database, before the role itself can go."""

    kind: ClassVar[str] = "drop_rights"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 60
    lock: ClassVar[str] = "ACCESS EXCLUSIVE on what the role owns"

    def say(self) -> str:
        return f"drop what role {ident(self.name)} owns and may do in this database; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP OWNED BY {}", ident(self.name))),)

    def done(self, found: Found) -> bool:
        return look(found).role(self.instance, self.name) is None


@dataclass(frozen=True, kw_only=True)
class DropServer(_Drop):
    """A foreign server of a link, in a database that stays."""

    kind: ClassVar[str] = "drop_foreign_server"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 70
    lock: ClassVar[str] = "none on tables"

    def say(self) -> str:
        return f"drop foreign server {ident(self.name)} with its user mappings; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP SERVER {} CASCADE", ident(self.name))),)

    def done(self, found: Found) -> bool:
        servers = look(found).contents(self.instance, self.database).foreign_servers
        return all(one.name != self.name for one in servers)


@dataclass(frozen=True, kw_only=True)
class DropDatabase(_Drop):
    """A database that holds nothing but declared services."""

    kind: ClassVar[str] = "drop_database"
    rank: ClassVar[int] = 10
    lock: ClassVar[str] = "ends every session of the database"
    transactional: ClassVar[bool] = False

    holds: tuple[str, ...]

    def say(self) -> str:
        services = ", ".join(named(service) for service in self.holds)
        return f"drop database {ident(self.name)} with all data of {services}; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP DATABASE {} WITH (FORCE)", ident(self.name))),)

    def done(self, found: Found) -> bool:
        return look(found).database(self.instance, self.name) is None


@dataclass(frozen=True, kw_only=True)
class DropRole(_Drop):
    """A role, after what it may do in the maintenance database."""

    kind: ClassVar[str] = "drop_role"
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "none on data; one row of pg_authid"

    def say(self) -> str:
        return f"drop role {ident(self.name)}; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        return (
            Statement(sql("DROP OWNED BY {}", ident(self.name))),
            Statement(sql("DROP ROLE {}", ident(self.name))),
        )

    def done(self, found: Found) -> bool:
        return look(found).role(self.instance, self.name) is None


def _databases(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    yield from _links(design, found)
    for (instance, name), want in wanted(design).databases.items():
        database = seen.database(instance, name)
        if database is None:
            continue
        contents = seen.contents(instance, name)
        mirrors = {row.name for row in contents.schemas.values() if row.owner == design.placements.roles.mirror}
        theirs = (
            contents.timescale.schemas if contents.timescale is not None and "timescaledb" in want.extensions else ()
        )
        known = {*want.schemas, *mirrors, *theirs, want.extension_schema, CONTROL_SCHEMA, "public"}
        more = bool(set(contents.schemas) - known) or bool(seen.objects(instance, name).get("public"))
        if want.foreign or ("public" in want.schemas and not set(contents.schemas) - known) or not more:
            yield DropDatabase(instance=instance, name=name, holds=tuple(p.service for p in want.placements))
            continue
        for schema in want.schemas:
            if schema in contents.schemas:
                yield DropSchema(instance=instance, database=name, name=schema, service=want.schemas[schema].service)
        for role in wanted(design).roles[instance]:
            if seen.role(instance, role) is not None:
                yield DropRights(instance=instance, database=name, name=role)
        for server in contents.foreign_servers:
            if ours(design, server.name):
                yield DropServer(instance=instance, database=name, name=server.name)


def _links(design: Design, found: Found) -> Iterator[Step]:
    """Subscriptions first: a database that has one cannot be dropped, and a slot that is followed neither."""
    for instance, server in sorted(found.servers.items()):
        for database, name in server.subscriptions:
            if ours(design, name):
                there = reaches(design, found, name, instance, database)
                yield DropSubscription(
                    instance=instance, database=database, name=name, why="", slot=there, destructive=True
                )
        for slot in server.replication_slots:
            if ours(design, slot.name):
                yield DropSlot(instance=instance, database=slot.database or None, name=slot.name)
    for instance, database in wanted(design).databases:
        for publication in look(found).contents(instance, database).publications:
            if ours(design, publication.name):
                yield DropPublication(instance=instance, database=database, name=publication.name)


def _roles(design: Design, found: Found) -> Iterator[Step]:
    for instance, roles in wanted(design).roles.items():
        for role in roles:
            if look(found).role(instance, role) is not None:
                yield DropRole(instance=instance, name=role)
