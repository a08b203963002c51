"""Killed before or after anything it asks of a server, a move leaves one side open, and the next run ends it.

A seeded sample by default; FREEHOLD_SOAK=1 kills before and after every effect of every piece of work.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from freehold.errors import ServerError
from freehold.move.model import SOURCE, TARGET, other
from freehold.move.run import copying
from freehold.move.run.healing import heal, home, standings
from freehold.move.run.look import look
from freehold.move.run.retiring import abort, complete
from freehold.move.run.switching import Limits, switch
from freehold.move.run.world import World
from freehold.pg.servers import PgServers
from freehold.pg.session import PgSession
from freehold.sqltext import raw
from freehold.testing.killing import Fuse, KillingServers
from support.clusters import VERSIONS, TidyServers, clean, unlocked_hba
from support.fixtures import Clusters
from support.switching import MOVE, NoPool, follow_it, prepared, world

pytestmark = pytest.mark.real
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
SAMPLE = {18: 2, 15: 1}
SEED = 20261129
LIMITS = Limits(pause_ms=20_000, lag_ms=5_000)

SHOP = """
CREATE SCHEMA shop; CREATE SCHEMA others;
CREATE TABLE others.customer (id int PRIMARY KEY); INSERT INTO others.customer VALUES (1), (2);
CREATE TABLE shop.orders (id bigint PRIMARY KEY, line serial, customer int NOT NULL REFERENCES others.customer);
CREATE TABLE shop.log (order_id bigint);
CREATE TABLE shop.own (n int); ALTER TABLE shop.own REPLICA IDENTITY FULL;
"""
ROWS = """
INSERT INTO shop.orders (id, customer) SELECT n, 1 FROM generate_series(1, 300) n;
INSERT INTO shop.log SELECT n FROM generate_series(1, 300) n;
"""
LEFT = r"""
SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE database = current_database()
UNION ALL SELECT 'login ' || rolname FROM pg_roles WHERE rolname LIKE 'freehold\_mv\_%'
UNION ALL SELECT 'publication ' || pubname FROM pg_publication
UNION ALL SELECT 'subscription ' || subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
    WHERE d.datname = current_database()
UNION ALL SELECT 'trigger ' || tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'freehold_moved'
    AND tgrelid::regclass::text NOT LIKE 'freehold_moved%'
UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
UNION ALL SELECT 'identity ' || c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'r' AND nspname = 'shop' AND (relreplident = 'f') <> (relname = 'own')
"""


@dataclass(frozen=True)
class Piece:
    """A piece of work that is killed: what comes before it, the work, and what the next run does."""

    name: str
    before: Callable[[World], object]
    work: Callable[[World], object]
    again: Callable[[World], object]


def followed(on: World) -> None:
    follow_it(on, MOVE, jobs=1)


def switched(on: World) -> None:
    followed(on)
    switch(on, MOVE, SOURCE, 1, NoPool(), LIMITS)


def healed(on: World) -> None:
    heal(on, MOVE, NoPool())


def cut_over(on: World) -> None:
    switch(on, MOVE, SOURCE, standings(on, MOVE)[SOURCE].epoch, NoPool(), LIMITS)


def roll_back(on: World) -> None:
    switch(on, MOVE, TARGET, standings(on, MOVE)[TARGET].epoch, NoPool(), LIMITS)


PIECES = (
    Piece("start", lambda on: None, followed, followed),
    Piece("cutover", followed, cut_over, healed),
    Piece("rollback", switched, roll_back, healed),
    Piece("complete", switched, lambda on: complete(on, MOVE), lambda on: complete(on, MOVE)),
    Piece(
        "abort", followed, lambda on: abort(on, MOVE, made_database=False),
        lambda on: abort(on, MOVE, made_database=False),
    ),
)  # fmt: skip


def fresh(clusters: Clusters, version: int) -> tuple[TidyServers, World]:
    address, servers = clusters(version)
    servers.tidy()
    servers.write_hba("main", unlocked_hba())
    clean(address)
    prepared(servers, MOVE, SHOP)
    servers.admin("main", MOVE.source.database).execute(raw(ROWS))
    return servers, world(servers)


def killed(on: World, work: Callable[[World], object], fuse: Fuse) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            assert isinstance(on.servers, PgServers)
            plain = PgServers(on.servers.places, on.servers.hba_files)
            work(replace(on, servers=KillingServers(plain, fuse)))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def one_side_serves(servers: TidyServers, on: World, point: str) -> str:
    """Exactly one side is open: a row can be written there, and on the other it is refused."""
    found = standings(on, MOVE)
    assert [one.open for one in found.values()].count(True) == 1, point
    side = home(found)
    assert side is not None
    near, far = (servers.admin("main", MOVE.place(one).database) for one in (side, other(side)))
    near.execute(raw("INSERT INTO shop.orders (id, customer) VALUES ((SELECT max(id) + 1 FROM shop.orders), 2)"))
    with pytest.raises(ServerError) as refused:
        far.execute(raw("DELETE FROM shop.log"))
    assert refused.value.sqlstate == "25006", point
    return side


def nothing_lost(servers: TidyServers, database: str, point: str) -> None:
    session = servers.admin("main", database)
    (row,) = session.query(raw("SELECT count(*), count(DISTINCT id), count(DISTINCT line), max(id) FROM shop.orders"))
    assert row[0] == row[1] == row[2] == row[3], point
    assert session.query(raw("SELECT count(*), count(DISTINCT order_id) FROM shop.log")) == [(300, 300)], point


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.name)
def test_killed_anywhere_a_move_is_ended_by_the_next_run(clusters: Clusters, version: int, piece: Piece) -> None:
    servers, on = fresh(clusters, version)
    piece.before(on)
    whole = Fuse()
    piece.work(replace(on, servers=KillingServers(servers, whole)))
    assert whole.count > 10
    points = [(number, after) for number in range(1, whole.count + 1) for after in (False, True)]
    if not SOAK:
        points = random.Random(f"{SEED}{version}{piece.name}").sample(points, SAMPLE.get(version, 1))
    died = 0
    for number, after in points:
        point = f"{piece.name} killed {'after' if after else 'before'} effect {number} of {whole.count}"
        servers, on = fresh(clusters, version)
        piece.before(on)
        died += killed(on, piece.work, Fuse(number, after))
        piece.again(on)
        if piece.name == "complete":
            assert leftovers(servers) == [], point
            nothing_lost(servers, MOVE.target.database, point)
            continue
        if piece.name == "abort":
            assert leftovers(servers) == [], point
            nothing_lost(servers, MOVE.source.database, point)
            continue
        side = one_side_serves(servers, on, point)
        nothing_lost(servers, MOVE.place(side).database, point)
        # whatever was interrupted can be done, and undone
        for _ in range(2):
            switch(on, MOVE, side, standings(on, MOVE)[side].epoch, NoPool(), LIMITS)
            side = other(side)
            assert one_side_serves(servers, on, point) == side
            nothing_lost(servers, MOVE.place(side).database, point)
    # how often a run asks whether it may go on differs, and so does the number of its last effects
    assert died >= len(points) * 0.9 - 1


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("unfinished", ["orders", "log"])
def test_a_copy_that_died_with_one_table_whole_is_gone_on_with(
    clusters: Clusters, version: int, unfinished: str
) -> None:
    servers, on = fresh(clusters, version)
    copying.copy_rows(on, MOVE, look(on, MOVE, MOVE.source), 1)
    target = servers.admin("main", MOVE.target.database)
    target.execute(raw(f"DELETE FROM freehold.move_copied WHERE \"table\" IN ('own', '{unfinished}')"))
    assert target.query(raw('SELECT count(DISTINCT "table") FROM freehold.move_copied')) == [(1,)]
    followed(on)
    nothing_lost(servers, MOVE.target.database, unfinished)
    cut_over(on)
    assert one_side_serves(servers, on, unfinished) == TARGET


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("side", [SOURCE, TARGET])
def test_what_a_killed_process_has_sent_takes_no_effect_once_another_took_over(
    clusters: Clusters, version: int, side: str
) -> None:
    """The server is still at the transaction that closes the one side, or opens the other, when its client dies."""
    servers, on = fresh(clusters, version)
    followed(on)
    holder = servers.admin("main", MOVE.place(side).database)
    holder.execute(raw("BEGIN; LOCK TABLE shop.orders IN ROW EXCLUSIVE MODE"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            assert isinstance(on.servers, PgServers)
            plain = replace(on, servers=PgServers(on.servers.places, on.servers.hba_files))
            switch(plain, MOVE, SOURCE, 1, NoPool(), replace(LIMITS, lock_ms=60_000, pause_ms=60_000))
        finally:
            os._exit(1)
    watcher = servers.admin("main", MOVE.place(side).database)
    waiting = raw(
        "SELECT pid FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock'"
        " AND relation = 'shop.orders'::regclass"
    )
    deadline = time.monotonic() + 120
    while not (stuck := watcher.query(waiting)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    assert heal_beside(on, holder) == SOURCE
    holder.execute(raw("ROLLBACK"))
    while watcher.query(raw(f"SELECT 1 FROM pg_stat_activity WHERE pid = {stuck[0][0]} AND state = 'active'")):
        time.sleep(0.01)

    assert one_side_serves(servers, on, f"stuck at its {side}") == SOURCE
    nothing_lost(servers, MOVE.source.database, f"stuck at its {side}")


def heal_beside(on: World, holder: PgSession) -> str:
    """Heal while somebody still holds what the dead process waits for, for as long as the healing itself needs none
    of it."""
    timer = threading.Timer(3.0, lambda: holder.execute(raw("ROLLBACK; BEGIN")))
    timer.start()
    try:
        return heal(on, MOVE, NoPool())
    finally:
        timer.cancel()
        timer.join()


def leftovers(servers: TidyServers) -> list[str]:
    found: list[str] = []
    for side in (SOURCE, TARGET):
        session = servers.admin("main", MOVE.place(side).database)
        found += [str(row[0]) for row in session.query(raw(LEFT))]
    return found
