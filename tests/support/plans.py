"""Platforms built in Python, and the smallest possible way to run a plan: for tests of plans alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from freehold.found.model import Found
from freehold.layouts.placement import place
from freehold.plan.model import (
    Design,
    Effect,
    Endpoint,
    Later,
    Machine,
    MigrationFile,
    RunCommand,
    RunMigration,
    Statement,
    Step,
    WriteHba,
)
from freehold.plan.order import batches, undo_batches
from freehold.ports import Servers
from freehold.spec.model import Layout, Platform, Server, ServerKind, Service
from freehold.sqltext import ident, join, keyword, literal, password_of, sql

GB = 1024**3
MAIN = Server("main", ServerKind.EMBEDDED)
HOSTILE = ('we"ird', "line\nbreak", "<img src=x onerror=1>", "ü" * 20, "'; drop table x; --", "a b", "%s {}")


def platform(
    *services: Service,
    layout: Layout = Layout.DATABASE_PER_SERVICE,
    servers: Iterable[Server] = (MAIN,),
    name: str = "shop",
    groups: tuple[tuple[str, tuple[str, ...]], ...] = (),
    settings: tuple[tuple[str, str], ...] = (),
) -> Platform:
    """A platform as the reader would give it: everything sorted by name."""
    return Platform(
        name=name,
        layout=layout,
        servers=tuple(sorted(servers, key=lambda server: server.name)),
        services=tuple(sorted(services, key=lambda service: service.name)),
        groups=tuple(sorted(groups)),
        settings=settings,
    )


def design(
    wanted: Platform,
    *,
    migrations: dict[str, tuple[MigrationFile, ...]] | None = None,
    commands: dict[str, str] | None = None,
    authoritative: bool = False,
    known_passwords: bool = True,
) -> Design:
    """A design on a machine of 8 GB whose roles all have a verifier of their own name."""
    placements = place(wanted)
    roles = {role for p in placements.services for role in (p.roles.app, p.roles.ro)}
    roles |= {placements.roles.analytics, placements.roles.monitor, placements.roles.backup}
    logins = {login.role for login in placements.link_logins}
    return Design(
        platform=wanted,
        placements=placements,
        machine=Machine(8 * GB, 2),
        verifiers={role: verifier(role) for role in roles | logins} if known_passwords else {},
        digests={
            role: hashlib.sha256(verifier(password_of(role).name).encode()).hexdigest() for role in sorted(logins)
        },
        migrations=migrations or {},
        commands=commands or {},
        authoritative=authoritative,
        endpoints={
            instance.name: Endpoint("127.0.0.1", 5432 + number) for number, instance in enumerate(placements.instances)
        },
    )


def verifier(role: str) -> str:
    """Well-formed and useless: 16 bytes of salt and two keys of zeros; differs by role only in its iterations."""
    rounds = 4096 + sum(role.encode())
    zeros = "A" * 43 + "="
    return f"SCRAM-SHA-256${rounds}:AAAAAAAAAAAAAAAAAAAAAA==${zeros}:{zeros}"


def read(servers: Servers, wanted: Design) -> Found:
    """Every instance of the design, with the contents of its databases and of the maintenance database."""
    databases: dict[str, list[str]] = {
        instance.name: [servers.addresses()[instance.name].maintenance_database]
        for instance in wanted.placements.instances
    }
    for instance, database in wanted.placements.databases():
        databases[instance].append(database)
    return servers.read(list(databases), databases)


def snapshot(servers: Servers, places: Iterable[tuple[str, str]]) -> Found:
    """A snapshot of some databases."""
    wanted: dict[str, list[str]] = {}
    for instance, database in places:
        wanted.setdefault(instance, []).append(database)
    return servers.read(list(wanted), wanted)


def run(servers: Servers, steps: Iterable[Step]) -> None:
    """Do the steps, batch by batch."""
    for batch in batches(tuple(steps)):
        _send(servers, batch.instance, batch.database, [e for s in batch.steps for e in s.do()], batch.transactional)


def undo(servers: Servers, steps: Iterable[Step]) -> None:
    """Undo the steps in reverse."""
    for batch in undo_batches(tuple(steps)):
        _send(servers, batch.instance, batch.database, [e for s in batch.steps for e in s.undo()], batch.transactional)


def _send(servers: Servers, instance: str, database: str | None, effects: list[Effect], transactional: bool) -> None:
    session = servers.admin(instance, database)
    try:
        if transactional:
            with session.transaction():
                for effect in effects:
                    _effect(servers, instance, effect, session.execute)
        else:
            for effect in effects:
                _effect(servers, instance, effect, session.execute)
    finally:
        session.close()


def _effect(servers: Servers, instance: str, effect: Effect, execute: Callable[..., None]) -> None:
    match effect:
        case Statement():
            execute(effect.sql, verifier)
        case WriteHba():
            servers.write_hba(instance, effect.lines)
        case Later():
            for statement in effect.statements(snapshot(servers, effect.reads)):
                execute(statement, verifier)
        case RunMigration():
            path = join(", ", [ident(name) for name in effect.search_path])
            execute(sql("SET LOCAL ROLE {}", ident(effect.owner)))
            execute(sql("SET LOCAL search_path = {}", path))
            execute(effect.sql)
            execute(keyword("RESET ROLE"))
            values = [literal(text) for text in (effect.service, effect.name, effect.sha256)]
            execute(
                sql(
                    "INSERT INTO freehold.migration (service, name, sha256, applied_by, run) "
                    "VALUES ({}, {}, {}, 'test', '00000000-0000-0000-0000-000000000000')",
                    *values,
                )
            )
        case RunCommand():
            raise AssertionError("no tool is run here")
