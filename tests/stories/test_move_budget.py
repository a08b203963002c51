"""Writers past the pool who hold one table after the other: an attempt ends by itself in time, and says why."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from freehold.move.run.switching import Limits
from support.bank import bank, everything_is_there, move, url
from support.command import Desk
from support.traffic import transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
TABLES, HELD_S = 30, 0.27
"""Each lock is waited for less than `Limits.lock_ms`; all of them together for longer than the pause."""
PAUSE_MS = 2_000


@contextmanager
def busy(found: Desk) -> Iterator[None]:
    """One session past the pool on each table, which holds a row of it nearly all the time."""
    admin = found.run("url", "--admin", "main").out.strip()
    stopping = threading.Event()

    def work(number: int) -> None:
        with psycopg.connect(admin, dbname="bank", autocommit=True) as session:
            while not stopping.is_set():
                try:
                    session.execute(f"UPDATE visits.t{number} SET n = n + 1; SELECT pg_sleep({HELD_S})")
                except psycopg.errors.ReadOnlySqlTransaction:
                    stopping.wait(HELD_S)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(TABLES)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def test_the_pause_is_no_longer_than_its_limit_whoever_holds_the_tables() -> None:
    with bank("schema-per-service") as found:
        owner = found.run("url", "visits", "--role", "owner", "--direct").out.strip()
        made = "CREATE TABLE visits.t{0} (id int PRIMARY KEY, n int); INSERT INTO visits.t{0} VALUES (1, 0)"
        found.psql(owner, ";".join(made.format(number) for number in range(TABLES)))
        move(found, "start", "--service", "visits", "--to", "database-per-service", "--no-backup")
        move(found, "verify", "--service", "visits")
        clients = transfers(url(found, "ledger"), url(found, "visits"))
        with clients.running(1):
            with busy(found):
                words = ("cutover", "--service", "visits", "--lag", "5s", "--pause", f"{PAUSE_MS}ms", "--tries", "2")
                said = found.run("move", *words, "--json", timeout_s=300)
            assert said.status == 1, said.all
            *events, result = [json.loads(line) for line in said.out.splitlines()]
            assert result["error"]["kind"] == "NotNow", result
            assert "past the pool" in result["error"]["message"]
            assert "visits.t" in result["error"]["message"], result
            paused = [event["ms"] for event in events if event["event"] == "pause_ended"]
            assert len(paused) == 2, paused
            assert max(paused) <= PAUSE_MS + Limits(pause_ms=PAUSE_MS).reserve_ms, paused
            assert [event for event in events if event.get("state") == "healing"] == []
            print(f"paused {paused} ms, slowest client {clients.slowest_ms:.0f} ms")
            move(found, "cutover", "--service", "visits")
        everything_is_there(found, clients)
