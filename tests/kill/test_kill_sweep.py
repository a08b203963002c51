"""Killed anywhere, the next apply converges: nothing is lost, nothing runs twice, nothing is left behind.

A seeded sample by default; FREEHOLD_SOAK=1 (or `make soak`) kills before and after every effect, on every version.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from freehold.pg.servers import PgServers
from freehold.ports import Address
from freehold.spec.model import Layout, Migrations, Service, TableName
from freehold.sqltext import keyword
from freehold.testing.killing import Fuse, KillingServers
from support.applying import Workshop, sql_file
from support.clusters import VERSIONS, TidyServers, clean, unlocked_hba
from support.fixtures import Clusters
from support.killed import run_and_die
from support.plans import platform

pytestmark = pytest.mark.real

SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
SAMPLE = 12
SEED = 20261120

FIRST = (
    "create table entry (id bigint generated always as identity, note text);insert into entry (note) values ('first')"
)
SECOND = (
    "-- freehold: no-transaction\n"
    "insert into entry (note) values ('second');\n"
    "create index concurrently entry_note on entry (note);\n"
    "insert into entry (note) values ('third')"
)


def small(servers: PgServers, folder: Path, layout: Layout) -> Workshop:
    ledger = Service(
        "ledger", ("ledger",), migrations=Migrations(folder="l"), publishes=(TableName("ledger", "entry"),)
    )
    billing = Service("billing", ("billing",), reads=(TableName("ledger", "entry"),))
    return Workshop(
        servers,
        folder,
        # no settings of the server: reloading them would be most of the sweep
        replace(platform(ledger, billing, layout=layout), settings=()),
        migrations={"ledger": (sql_file("1.sql", FIRST), sql_file("2.sql", SECOND))},
    )


def converges(work: Workshop, database: str, point: str) -> None:
    work.apply(wait_ms=10_000, look=work.found)
    assert work.sentences() == [], point
    inside = work.servers.admin("main", database)
    assert inside.query(keyword("SELECT note FROM ledger.entry ORDER BY id")) == [
        ("first",),
        ("second",),
        ("third",),
    ], point
    assert inside.query(
        keyword("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ledger.entry_note'::regclass")
    ) == [(True,)], point
    assert inside.query(keyword("SELECT name FROM freehold.migration ORDER BY 1")) == [("1.sql",), ("2.sql",)], point
    assert inside.query(keyword("SELECT * FROM freehold.migration_progress")) == [], point
    for session in (inside, work.servers.admin("main")):
        started = session.query(keyword("SELECT kind, name FROM freehold.journal WHERE outcome = 'started'"))
        assert started == [], point
    leftovers = keyword("SELECT rolname FROM pg_catalog.pg_roles WHERE rolname LIKE '%deploy'")
    assert inside.query(leftovers) == [], point
    for role, verifier in work.secrets.known().items():
        stored = inside.query(keyword("SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = %s"), [role])
        assert stored in ([], [(verifier,)]), point
        assert work.servers.probe("main", database, role, work.secrets.password(role)).sqlstate in (
            "",
            "42501",
            "28000",
        )


def reset(address: Address, servers: TidyServers) -> None:
    servers.tidy()
    servers.write_hba("main", unlocked_hba())
    clean(address)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("layout", [Layout.DATABASE_PER_SERVICE, Layout.SCHEMA_PER_SERVICE])
def test_an_apply_killed_at_any_effect_is_finished_by_the_next(
    clusters: Clusters, tmp_path: Path, version: int, layout: Layout
) -> None:
    address, servers = clusters(version)
    database = "shop" if layout is Layout.SCHEMA_PER_SERVICE else "shop_ledger"
    reset(address, servers)
    whole = Fuse()
    work = small(servers, tmp_path / "whole", layout)
    work.folder.mkdir()
    work.apply(servers=KillingServers(servers, whole), workers=1)
    assert whole.count > 100
    points = [(number, after) for number in range(1, whole.count + 1) for after in (False, True)]
    if not SOAK:
        points = random.Random(f"{SEED}{version}{layout}").sample(points, SAMPLE // 4)
    killed = 0
    for number, after in points:
        reset(address, servers)
        folder = tmp_path / f"{number}{after}"
        folder.mkdir()
        work = small(servers, folder, layout)
        killed += run_and_die(work, Fuse(number, after))
        converges(work, database, f"killed {'after' if after else 'before'} effect {number} of {whole.count}")
    # a run that was not killed proves nothing; the last points may lie past the end when fewer polls were needed
    assert killed >= len(points) * 9 // 10
    servers.tidy()


@pytest.mark.parametrize("version", VERSIONS)
def test_an_apply_killed_at_any_moment_is_finished_by_the_next(
    clusters: Clusters, tmp_path: Path, version: int
) -> None:
    address, servers = clusters(version)
    chance = random.Random(SEED + version)
    killed = 0
    for number in range(100 if SOAK else 3):
        reset(address, servers)
        folder = tmp_path / str(number)
        folder.mkdir()
        work = small(servers, folder, Layout.DATABASE_PER_SERVICE)
        moment = chance.uniform(50, 900)
        killed += run_and_die(work, Fuse(), moment)
        converges(work, "shop_ledger", f"killed after {moment:.0f} ms")
    assert killed
    servers.tidy()
