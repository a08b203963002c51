"""A platform built on a test server, and a proof of it: what every test of proofs needs."""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from freehold.found import scram
from freehold.layouts.model import Placements
from freehold.layouts.placement import place
from freehold.local.clock import SystemClock
from freehold.plan.make import make
from freehold.plan.model import Design, Later, Machine, MigrationFile, RunMigration, Statement, WriteHba
from freehold.plan.order import batches
from freehold.ports import Servers
from freehold.prove.model import Report
from freehold.prove.run import prove
from freehold.spec.model import (
    Layout,
    Platform,
    Profile,
    Reference,
    Server,
    ServerKind,
    Service,
    TableName,
)
from freehold.sqltext import ident, join, keyword, literal, raw, resolver, sql
from support.clusters import TidyServers
from support.plans import snapshot

MAIN = Server("main", ServerKind.URL)


class KnownSecrets:
    """Implements ports.Secrets: each role's password is derived from its name; only what was asked for is known."""

    def __init__(self) -> None:
        self.verifiers: dict[str, str] = {}

    def password(self, role: str) -> str:
        self.verifier(role)
        return "pw-" + hashlib.sha256(role.encode()).hexdigest()[:20]

    def verifier(self, role: str) -> str:
        if role not in self.verifiers:
            salt = hashlib.sha256(role.encode()).digest()[:16]
            self.verifiers[role] = scram.verifier("pw-" + hashlib.sha256(role.encode()).hexdigest()[:20], salt)
        return self.verifiers[role]

    def known(self) -> Mapping[str, str]:
        return dict(self.verifiers)

    def digests(self) -> Mapping[str, str]:
        return {role: hashlib.sha256(self.password(role).encode()).hexdigest() for role in sorted(self.verifiers)}

    def ephemeral(self, minutes: int) -> tuple[str, str]:
        password = random.token_urlsafe(24)
        return password, scram.verifier(password, random.token_bytes(16))


class Quiet:
    """Implements ports.Progress: says nothing."""

    def event(self, what: str, done: int, total: int) -> None:
        pass


@dataclass
class Built:
    """A platform that was applied, with what is needed to prove it."""

    platform: Platform
    placements: Placements
    servers: Servers
    design: Design
    secrets: KnownSecrets = field(default_factory=KnownSecrets)

    def prove(self, **options: object) -> Report:
        return prove(
            self.platform,
            self.placements,
            self.servers,
            self.secrets,
            SystemClock(),
            Quiet(),
            **options,  # type: ignore[arg-type]  # options are passed on
        )

    def admin(self, text: str, database: str | None = None, instance: str = "main") -> None:
        """Statements as the administrator, one by one where they are on lines of their own."""
        session = self.servers.admin(instance, database)
        try:
            session.execute(keyword("SET search_path = public"))
            for line in text.split(";\n"):
                if line.strip():
                    session.execute(raw(line))
        finally:
            session.close()

    def apply(self) -> int:
        """Make it so; how many steps there were."""
        found = read(self.servers, self.design)
        plan = make(self.design, found)
        for batch in batches(plan.steps):
            session = self.servers.admin(batch.instance, batch.database)
            try:
                effects = [effect for step in batch.steps for effect in step.do()]
                if batch.transactional:
                    with session.transaction():
                        self._send(session.execute, batch.instance, effects)
                else:
                    self._send(session.execute, batch.instance, effects)
            finally:
                session.close()
        return len(plan.steps)

    def _send(self, execute: Callable[..., None], instance: str, effects: Iterable[object]) -> None:
        for effect in effects:
            match effect:
                case Statement():
                    execute(effect.sql, resolver(self.secrets.password, self.secrets.verifier))
                case Later():
                    found = snapshot(self.servers, effect.reads)
                    self._send(execute, instance, map(Statement, effect.statements(found)))
                case WriteHba():
                    self.servers.write_hba(instance, effect.lines)
                case RunMigration():
                    path = join(", ", [ident(name) for name in effect.search_path])
                    execute(sql("SET LOCAL search_path = {}", path))
                    execute(sql("SET LOCAL ROLE {}", ident(effect.owner)))
                    execute(effect.sql)
                    execute(keyword("SET LOCAL ROLE NONE"))
                    execute(
                        sql(
                            "INSERT INTO freehold.migration (service, name, sha256, applied_by, run)"
                            " VALUES ({}, {}, {}, 'test', '00000000-0000-0000-0000-000000000000')",
                            literal(effect.service),
                            literal(effect.name),
                            literal(effect.sha256),
                        )
                    )
                case _:
                    raise AssertionError(effect)


def read(servers: Servers, design: Design):  # type: ignore[no-untyped-def]  # Found
    databases: dict[str, list[str]] = {i.name: ["postgres"] for i in design.placements.instances}
    for instance, database in design.placements.databases():
        databases[instance].append(database)
    return servers.read(list(databases), databases)


def file(text: str, name: str = "001.sql") -> MigrationFile:
    return MigrationFile(name, hashlib.sha256(text.encode()).hexdigest(), text, True)


def small(layout: Layout = Layout.SCHEMA_PER_SERVICE, server: Server = MAIN) -> Platform:
    """``users`` publishes and is read, ``trading`` is a ledger that refers to it, ``feed`` stands alone."""
    account = TableName("users", "account")
    return Platform(
        name="shop",
        layout=layout,
        servers=(server,),
        services=(
            Service("feed", ("feed",)),
            Service(
                "trading",
                ("trading",),
                profile=Profile.LEDGER,
                reads=(account,),
                references=(Reference(TableName("trading", "orders"), ("account",), account, ("id",)),),
            ),
            Service("users", ("users",), publishes=(account,)),
        ),
        groups=(("core", ("trading", "users")),) if layout is Layout.GROUPS else (),
    )


FILES = {
    "feed": file(
        "CREATE TABLE tick (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price numeric NOT NULL,"
        " double numeric GENERATED ALWAYS AS (price * 2) STORED);"
        "CREATE VIEW last AS SELECT max(id) AS id FROM tick; CREATE MATERIALIZED VIEW daily AS SELECT 1 AS x;"
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'"
    ),
    "trading": file(
        "CREATE TABLE orders (id serial PRIMARY KEY, account bigint, amount numeric);"
        "CREATE TABLE part (id int, at date) PARTITION BY RANGE (at);"
        "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
        "INSERT INTO orders (account, amount) VALUES (1, 1)"
    ),
    "users": file(
        "CREATE TABLE account (id bigint PRIMARY KEY, name text, iban text);"
        "CREATE TABLE secret (id bigint PRIMARY KEY, hash text); CREATE SEQUENCE numbers;"
        "CREATE FUNCTION whoami() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
        " AS 'SELECT current_user::text'; CREATE TYPE mood AS ENUM ('a')"
    ),
}


def build(
    servers: Servers, platform: Platform, files: Mapping[str, MigrationFile] = FILES, *, restart: bool = True
) -> Built:
    """Apply a platform on the servers, restart those of ours whose settings wait for it, as `freehold up` does, and
    hand back what is needed to prove it."""
    placements = place(platform)
    secrets = KnownSecrets()
    for p in placements.services:
        for role in (p.roles.app, p.roles.ro):
            secrets.verifier(role)
    for role in (placements.roles.analytics, placements.roles.monitor, placements.roles.backup):
        secrets.verifier(role)
    for login in placements.link_logins:
        secrets.verifier(login.role)
    design = Design(
        platform=platform,
        placements=placements,
        machine=Machine(4 * 1024**3, 2),
        verifiers=secrets.known(),
        migrations={s.name: (files[s.name],) for s in platform.services if s.name in files},
        endpoints={name: address.endpoint for name, address in servers.addresses().items()},
        digests=secrets.digests(),
    )
    built = Built(platform, placements, servers, design, secrets)
    built.apply()
    built.apply()
    if restart and isinstance(servers, TidyServers):
        servers.restart_pending()
    return built
