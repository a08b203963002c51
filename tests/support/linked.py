"""A platform whose services read each other's tables across databases, applied on real servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from freehold.local.clock import SystemClock
from freehold.pg.embedded import Embedded
from freehold.pg.session import PgSession
from freehold.prove.model import Report
from freehold.spec.model import Layout, Migrations, Server, ServerKind, Service, TableName
from freehold.sqltext import raw
from support.applying import Workshop, sql_file
from support.clusters import TidyServers, embedded, fast_settings, instance, servers_of
from support.plans import platform

ACCOUNT = TableName("users", "account")
SECRET = TableName("users", "secret")
STATUS = "CREATE TYPE status AS ENUM ('new', 'paid');"
TABLES = (
    STATUS + "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');"
    "CREATE TYPE address AS (street text, city text);"
    'CREATE TABLE account (id bigint PRIMARY KEY, name text COLLATE "C", mail email, status status NOT NULL,'
    " tags status[], home address, amount numeric(12,2), at timestamptz DEFAULT now(),"
    " twice numeric GENERATED ALWAYS AS (amount * 2) STORED);"
    "CREATE TABLE secret (id bigint PRIMARY KEY, token text);"
    "CREATE VIEW paid AS SELECT id, name FROM account WHERE status = 'paid';"
    "INSERT INTO account SELECT g, 'n' || g, g || '@x', CASE WHEN g % 2 = 0 THEN 'paid' ELSE 'new' END::status,"
    " ARRAY['new']::status[], ROW('s', 'c')::address, g FROM generate_series(1, 100) AS g;"
    "INSERT INTO secret VALUES (1, 'top')"
)


def services(*reads: TableName, replicas: tuple[TableName, ...] = ()) -> tuple[Service, ...]:
    """``billing`` reads what it is told to of ``users``; ``feed`` reads nothing."""
    return (
        Service("billing", ("billing",), reads=tuple(sorted({*reads, *replicas})), replicas=replicas),
        Service("feed", ("feed",)),
        Service("users", ("users",), migrations=Migrations(folder="u"), publishes=(ACCOUNT,)),
    )


def both_ways() -> tuple[Service, ...]:
    """``billing`` reads an account as a foreign table, ``report`` as a replica."""
    return (*services(ACCOUNT), Service("report", ("report",), reads=(ACCOUNT,), replicas=(ACCOUNT,)))


def workshop(
    servers: TidyServers, folder: Path, layout: Layout, some: tuple[Service, ...], files: tuple[str, ...] = (TABLES,)
) -> Workshop:
    """The platform on these servers, not yet applied."""
    folder.mkdir(exist_ok=True)
    migrations = tuple(sql_file(f"{number:03}.sql", text) for number, text in enumerate(files, 1))
    wanted = platform(*some, layout=layout, servers=(Server("main", ServerKind.EMBEDDED),))
    return Workshop(servers, folder, wanted, migrations={"users": migrations})


def session(work: Workshop, service: str, purpose: str = "app") -> PgSession:
    """As one of the service's logins, in its database."""
    placement = work.design().placements.of(service)
    role = getattr(placement.roles, purpose)
    servers = work.servers
    assert isinstance(servers, TidyServers)
    return servers.login(placement.instance, placement.database, role, work.secrets.password(role))


def rows(work: Workshop, service: str, text: str, purpose: str = "app") -> list[tuple[object, ...]]:
    """What one statement of a service's login answers."""
    one = session(work, service, purpose)
    try:
        return one.query(raw(text))
    finally:
        one.close()


def admin(work: Workshop, service: str, text: str) -> list[tuple[object, ...]]:
    """One statement of the administrator in a service's database."""
    placement = work.design().placements.of(service)
    one = work.servers.admin(placement.instance, placement.database)
    try:
        return one.query(raw(text))
    finally:
        one.close()


@contextmanager
def running(layout: Layout, version: int, some: tuple[Service, ...]) -> Iterator[tuple[Embedded, TidyServers]]:
    """The instances that the layout needs."""
    own = layout is Layout.INSTANCE_PER_SERVICE
    names = [service.name for service in some] if own else ["main"]
    instances = [instance(name, version) for name in names]
    with embedded(instances, platform="shop") as (owner, _):
        for one in instances:
            fast_settings(owner.home(one))
        owner.restart(instances)
        servers = servers_of(owner, instances)
        servers.start_again = lambda names: owner.restart([one for one in instances if one.name in names])
        yield owner, servers


def prove(work: Workshop, *attacks: str) -> Report:
    """A proof of the platform as it stands; without ``attacks`` a whole one."""
    from freehold.prove.run import prove

    design = work.design()
    some = attacks or None
    return prove(
        design.platform, design.placements, work.servers, work.secrets, SystemClock(), work.heard, attacks=some
    )


def told(report: Report) -> str:
    """What a proof found, a line each."""
    return "\n".join(
        f"{kind} {f.code} | {f.object} | {f.title} | {f.detail} | {f.remedy}"
        for kind, some in (("VIOLATION", report.violations), ("UNKNOWN", report.unknown))
        for f in some
    )


def arrives(work: Workshop, service: str, text: str, wanted: list[tuple[object, ...]], seconds: float = 20) -> None:
    """Wait until a statement of a service's login answers what is wanted."""
    deadline = time.monotonic() + seconds
    while (seen := rows(work, service, text)) != wanted:
        assert time.monotonic() < deadline, (text, seen)
        time.sleep(0.05)
