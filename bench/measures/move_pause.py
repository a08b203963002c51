"""How long clients wait when a service is cut over and rolled back, at three loads, through real pools."""

from __future__ import annotations

import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg

from bench.table import Measure, Table

_DECLARATION = """\
platform: bench
server: embedded
layout: schema-per-service
pooler: pgbouncer
services:
  shop: {schemas: [shop], migrations: shop, pool: 8}
"""
_TABLES = """
CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL);
INSERT INTO account SELECT n, 1000 FROM generate_series(1, 1000) n;
CREATE TABLE entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account int NOT NULL REFERENCES account, note text);
INSERT INTO entry (account, note) SELECT 1 + n % 1000, 'before' FROM generate_series(1, 100000) n;
CREATE INDEX ON entry (account);
"""


class _Clients:
    """Each pays from its own accounts, one transaction after another, and remembers its slowest."""

    def __init__(self, url: str, count: int, think_s: float) -> None:
        self.stopping = False
        self.commits = 0
        self.errors = 0
        self.slowest_ms = 0.0
        self._think_s = think_s
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(url, n)) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def _work(self, url: str, number: int) -> None:
        try:
            with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
                while not self.stopping:
                    began = time.monotonic()
                    with connection.transaction():
                        connection.execute("UPDATE shop.account SET balance = balance - 1 WHERE id = %s", (number + 1,))
                        connection.execute("INSERT INTO shop.entry (account, note) VALUES (%s, 'x')", (number + 1,))
                    took = (time.monotonic() - began) * 1000
                    with self._lock:
                        self.commits += 1
                        self.slowest_ms = max(self.slowest_ms, took)
                    time.sleep(self._think_s)
        except psycopg.Error:
            self.errors += 1

    def slowest(self) -> float:
        """The slowest transaction since this was asked last."""
        with self._lock:
            found, self.slowest_ms = self.slowest_ms, 0.0
        return found

    def stop(self) -> None:
        self.stopping = True
        for thread in self._threads:
            thread.join()


def _freehold(folder: Path, *words: str) -> dict[str, object]:
    told = {**os.environ, "FREEHOLD_DATA": str(folder / "data")}
    command = [sys.executable, "-m", "freehold", *words, "--json"]
    done = subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-800:] + done.stderr[-800:])
    # a move answers on the last line of a stream of events
    found = json.loads(done.stdout if done.stdout.startswith("{\n") else done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def _one(folder: Path, clients: int, think_s: float, switches: int) -> tuple[str, ...]:
    told = {**os.environ, "FREEHOLD_DATA": str(folder / "data")}
    said = subprocess.run(
        [sys.executable, "-m", "freehold", "url", "shop"],
        cwd=folder,
        env=told,
        capture_output=True,
        text=True,
        check=True,
    )
    load = _Clients(said.stdout.strip(), clients, think_s)
    pauses: list[float] = []
    worst: list[float] = []
    began, before = time.monotonic(), load.commits
    try:
        for number in range(switches):
            load.slowest()
            moves = _freehold(folder, "move", "cutover" if number % 2 == 0 else "rollback", "--verified-within", "1d")[
                "moves"
            ]
            assert isinstance(moves, list)
            pauses.append(float(moves[0]["pause_ms"]))
            time.sleep(0.2)
            worst.append(load.slowest())
        rate = (load.commits - before) / (time.monotonic() - began)
    finally:
        load.stop()
    return (str(clients), f"{rate:,.0f}", *_told(pauses), *_told(worst), str(load.errors))


def _told(waits_ms: list[float]) -> tuple[str, str, str]:
    """Median, 99th percentile (the nearest rank) and longest."""
    ranked = sorted(waits_ms)
    p99 = ranked[math.ceil(len(ranked) * 0.99) - 1]
    return f"{statistics.median(ranked):.0f} ms", f"{p99:.0f} ms", f"{ranked[-1]:.0f} ms"


def run(quick: bool) -> Table:
    """Cut over and back, again and again."""
    switches = 2 if quick else 100
    rows: list[tuple[str, ...]] = []
    folder = Path(tempfile.mkdtemp(prefix="freehold-bench-", dir="/dev/shm"))
    folder.chmod(0o711)
    try:
        (folder / "freehold.yaml").write_text(_DECLARATION)
        (folder / "shop").mkdir()
        (folder / "shop" / "1.sql").write_text(_TABLES)
        try:
            _freehold(folder, "up", "--no-prove")
            _freehold(folder, "move", "start", "--to", "database-per-service")
            _freehold(folder, "move", "verify")
            for clients, think_s in ((2, 0.02),) if quick else ((2, 0.02), (8, 0.01), (24, 0.01)):
                rows.append(_one(folder, clients, think_s, switches))
        finally:
            _freehold(folder, "down")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Table(
        title="The pause of a cutover",
        how=f"One service behind PgBouncer, {switches} switches there and back at each load, one instance. The pause "
        "is from holding the pool back until it is let go; the worst wait is the slowest transaction of any client in "
        "a switch and the 200 ms after it. The process of the switch, its watchdog and the clients share the machine.",
        columns=("clients", "commits/s", "pause, p50", "p99", "longest", "worst wait, p50", "p99", "longest", "errors"),
        rows=tuple(rows),
    )


move_pause = Measure(run)
