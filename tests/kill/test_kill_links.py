"""Killed while it makes, changes or ends reads across databases, the next apply converges: nothing is left over.

A seeded sample by default; FREEHOLD_SOAK=1 (or `make soak`) kills before and after every effect, on every version.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from freehold.pg.servers import PgServers
from freehold.spec.model import Layout, Migrations, Service, TableName
from freehold.testing.killing import Fuse, KillingServers
from support.applying import Workshop, sql_file
from support.clusters import VERSIONS, clean, unlocked_hba
from support.fixtures import Clusters
from support.killed import run_and_die
from support.linked import admin, arrives, rows
from support.plans import platform

pytestmark = pytest.mark.real

SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
SAMPLE = 1
"""Points of each change in CI."""
SEED = 20261129

ENTRY, OTHER = TableName("users", "entry"), TableName("users", "other")
# no key: a row that is copied twice is there twice
MADE = (
    "CREATE TYPE status AS ENUM ('new');"
    "CREATE TABLE entry (id bigint, status status); INSERT INTO entry SELECT g, 'new' FROM generate_series(1, 50) AS g;"
    "CREATE TABLE other (id bigint PRIMARY KEY); INSERT INTO other VALUES (1)"
)
LEFT = (
    "SELECT slot_name::text FROM pg_replication_slots",
    "SELECT subname::text FROM pg_subscription",
    "SELECT rolname::text FROM pg_roles WHERE rolname ~ '(link|repl|deploy)$'",
)
LEFT_INSIDE = (
    "SELECT pubname::text FROM pg_publication",
    "SELECT srvname::text FROM pg_foreign_server",
    "SELECT nspname::text FROM pg_namespace WHERE nspname = 'users' AND current_database() <> 'shop_users'",
)


@dataclass(frozen=True)
class Reads:
    """What one service reads as foreign tables and another as replicas."""

    foreign: tuple[TableName, ...] = ()
    replicas: tuple[TableName, ...] = ()
    through: str = "billing"
    follows: str = "report"

    def services(self) -> tuple[Service, ...]:
        return (
            Service(self.through, (self.through,), reads=self.foreign),
            Service(self.follows, (self.follows,), reads=self.replicas, replicas=self.replicas),
            Service("users", ("users",), migrations=Migrations(folder="u"), publishes=(ENTRY, OTHER)),
        )


# each begins where the one before it ends, so that one platform does for all points
CHANGES = {
    "made": (Reads(), Reads((ENTRY,), (ENTRY, OTHER))),
    "fewer": (Reads((ENTRY,), (ENTRY, OTHER)), Reads((ENTRY,), (ENTRY,))),
    "turned": (Reads((ENTRY,), (ENTRY,)), Reads((ENTRY,), (ENTRY,), "report", "billing")),
    "ended": (Reads((ENTRY,), (ENTRY,), "report", "billing"), Reads()),
}


def workshop(servers: PgServers, folder: Path, reads: Reads) -> Workshop:
    wanted = replace(platform(*reads.services(), layout=Layout.DATABASE_PER_SERVICE), settings=())
    return Workshop(servers, folder, wanted, migrations={"users": (sql_file("1.sql", MADE),)})


def converges(work: Workshop, reads: Reads, point: str) -> None:
    """The next apply leaves nothing to do, what is read is right, and nothing is there that nobody asked for."""
    work.apply(wait_ms=10_000, look=work.found)
    assert work.sentences() == [], point
    source = Counter(admin(work, "users", "SELECT id, status::text FROM users.entry"))
    assert set(source.values()) == {1}
    if reads.foreign:
        assert Counter(rows(work, reads.through, "SELECT id, status::text FROM users.entry")) == source, point
    for table in reads.replicas:
        name = f"users.{table.table}"
        count = admin(work, "users", f"SELECT count(*) FROM {name}")
        arrives(work, reads.follows, f"SELECT count(*) FROM {name}", count, seconds=60)
    if reads.replicas:
        assert Counter(rows(work, reads.follows, "SELECT id, status::text FROM users.entry")) == source, point
        # it follows: what is written now arrives, once
        (next_id,) = admin(
            work, "users", "INSERT INTO users.entry SELECT max(id) + 1, 'new' FROM users.entry RETURNING id"
        )[0]
        arrives(work, reads.follows, f"SELECT count(*) FROM users.entry WHERE id = {next_id}", [(1,)], seconds=60)
    placements = work.design().placements
    links = {link.name for link in placements.links}
    followed = sorted((link.name,) for link in placements.links if link.replica_login)
    slots, subscriptions, logins = (sorted(admin(work, "users", text)) for text in LEFT)
    assert slots == subscriptions == followed, point
    assert logins == sorted((login.role,) for login in placements.link_logins), point
    for service in ("billing", "report", "users"):
        publications, servers, mirrors = ({name for (name,) in admin(work, service, text)} for text in LEFT_INSIDE)
        assert publications | servers <= links, point
        reader = {reads.through: reads.foreign, reads.follows: reads.replicas, "users": ()}[service]
        assert mirrors == ({"users"} if reader else set()), point
        started = admin(work, service, "SELECT kind, name FROM freehold.journal WHERE outcome = 'started'")
        assert started == [], point


@pytest.mark.parametrize("version", VERSIONS)
def test_links_are_finished_by_the_next_apply_wherever_it_was_killed(
    clusters: Clusters, tmp_path: Path, version: int
) -> None:
    address, servers = clusters(version)
    servers.tidy()
    servers.write_hba("main", unlocked_hba())
    clean(address)
    workshop(servers, tmp_path, Reads()).apply()
    counts = {}
    for change, (_, after) in CHANGES.items():
        fuse = Fuse()
        work = workshop(servers, tmp_path, after)
        work.apply(servers=KillingServers(servers, fuse), workers=1)
        converges(work, after, change)
        counts[change] = fuse.count
        assert fuse.count > 20, change
    rounds = [
        [(change, number, late) for number in range(1, counts[change] + 1) for late in (False, True)]
        for change in CHANGES
    ]
    if not SOAK:
        chance = random.Random(f"{SEED}{version}")
        rounds = [chance.sample(points, SAMPLE) for points in rounds]
    killed = 0
    for turn in range(max(map(len, rounds))):
        for points in rounds:
            # a change with fewer effects than another begins again from its first
            change, number, late = points[turn % len(points)]
            _, after = CHANGES[change]
            work = workshop(servers, tmp_path, after)
            killed += run_and_die(work, Fuse(number, late))
            converges(
                work, after, f"{change}: killed {'after' if late else 'before'} effect {number} of {counts[change]}"
            )
            servers.tidy()
    assert killed >= len(rounds) * max(map(len, rounds)) * 9 // 10
    servers.tidy()
    clean(address)
