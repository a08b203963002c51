"""What TREUM's own document promises of separated databases, measured one cause at a time on this machine."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import yaml

from bench.table import Measure, Table
from freehold.layouts.model import Instance
from freehold.pg.embedded import Embedded
from freehold.spec.model import Server, ServerKind

_SERVICES = ("market-data", "trading", "users")
_STOCK = {
    "shared_buffers": "128MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "4GB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "5min",
    "default_statistics_target": "100",
}
"""What PostgreSQL does when nobody says anything."""

_INDEXES = (
    "trading.orders_account_idx",
    "trading.orders_book_idx",
    "trading.orders_exchange_ref_idx",
)
"""The indexes for hot operations; those of keys stay in every variant, and so do those of ticks."""

_FILL = """
INSERT INTO market_history.instrument (symbol, name, asset_class, venue, currency, listed_on)
  SELECT 'S' || n, 'S', 'equity', 'X', 'EUR', '2020-01-01' FROM generate_series(1, 50) AS n;
INSERT INTO trading.instrument (symbol, asset_class, currency, tick_size)
  SELECT 'S' || n, 'equity', 'EUR', 0.01 FROM generate_series(1, 50) AS n;
INSERT INTO users.account (account_id, email, password_hash)
  SELECT md5(n::text)::uuid, n || '@example.org', '$argon2id$x' FROM generate_series(1, 2000) AS n;
INSERT INTO trading.orders
    (account_id, client_ref, exchange_ref, instrument_id, side, kind, quantity, limit_price, status)
  SELECT md5((1 + n %% 2000)::text)::uuid, 'before ' || n, 'X' || n, (SELECT min(instrument_id) FROM trading.instrument)
         + n %% 50, 'buy', 'limit', 1, 1 + n %% 97, CASE WHEN n %% 20 = 0 THEN 'open' ELSE 'cancelled' END
  FROM generate_series(1, %(orders)s) AS n;
ANALYZE;
"""


@dataclass(frozen=True)
class _Variant:
    """A platform as it is measured; each differs from the one before it in one thing."""

    name: str
    layout: str = "central"
    indexed: bool = True
    tuned: bool = True
    pooled: bool = True


_VARIANTS = (
    _Variant("one database, stock settings, keys alone, no pools", indexed=False, tuned=False, pooled=False),
    _Variant("+ indexes", tuned=False, pooled=False),
    _Variant("+ settings by profile", pooled=False),
    _Variant("+ pools"),
    _Variant("+ a database for each service", "database-per-service"),
    _Variant("+ an instance for each service", "instance-per-service"),
)


@dataclass(frozen=True)
class _Sizes:
    orders: int
    seconds: float
    clients: int
    held: int
    ticks: int


@dataclass
class _Figures:
    hot_ms: float = 0.0
    hot_p99_ms: float = 0.0
    rate: float = 0.0
    wait_ms: float = 0.0
    held: int = 0
    rows_s: float = 0.0
    copy_s: float = 0.0
    refused: list[str] = field(default_factory=list)


class _Platform:
    """TREUM's busiest services under one variant, in a folder of its own."""

    def __init__(self, folder: Path, variant: _Variant, sizes: _Sizes) -> None:
        self._folder = folder
        self.variant = variant
        self.run("init", "--platform", "treum")
        self._declare(folder / "freehold.yaml")
        self.run("up", "--no-prove")
        if not variant.tuned:
            self._of_stock()
        self.urls = {name: self.run("url", name).strip() for name in _SERVICES}
        for name in _SERVICES:
            direct = self.run("url", name, "--direct").strip()
            self._fill(self._admin(direct, name), name, sizes)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "FREEHOLD_DATA": str(self._folder / "data")}

    def _of_stock(self) -> None:
        """As many connections as PostgreSQL gives by itself: Freehold would refuse so few for these limits."""
        with psycopg.connect(self.run("url", "--admin", "main").strip(), autocommit=True) as session:
            session.execute("ALTER SYSTEM SET max_connections = 100")
        ours = Embedded("treum", str(self._folder / "freehold.yaml"), self._environment())
        ours.restart([Instance("main", Server("main", ServerKind.EMBEDDED), None, (), (), 0)])

    def run(self, *words: str) -> str:
        command = [sys.executable, "-m", "freehold", *words]
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode not in (0, 2):
            raise RuntimeError(done.stdout[-800:] + done.stderr[-800:])
        return done.stdout

    def _declare(self, path: Path) -> None:
        text = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
        text["layout"] = self.variant.layout
        text.pop("groups", None)
        if self.variant.pooled:
            text["pooler"] = "pgbouncer"
        kept = {name: text["services"][name] for name in _SERVICES}
        schemas = {schema for one in kept.values() for schema in one["schemas"]}
        for one in kept.values():
            one.pop("port", None)
            if isinstance(one.get("pool"), dict):
                one["pool"].pop("port", None)
            one["reads"] = [name for name in one.get("reads", []) if name.split(".")[0] in schemas]
            one["references"] = [ref for ref in one.get("references", []) if ref["to"].split(".")[0] in schemas]
            if not self.variant.tuned:
                for key in ("profile", "settings"):
                    one.pop(key, None)
        text["services"] = kept
        if not self.variant.tuned:
            text["servers"] = {"main": {"kind": "embedded", "settings": _STOCK}}
        path.write_text(yaml.safe_dump(text, sort_keys=False))

    def _admin(self, direct: str, service: str) -> str:
        instance = service if self.variant.layout == "instance-per-service" else "main"
        database = psycopg.conninfo.conninfo_to_dict(direct)["dbname"]
        return self.run("url", "--admin", instance).strip().replace("/postgres?", f"/{database}?")

    def _fill(self, admin: str, service: str, sizes: _Sizes) -> None:
        mine = {"market-data": "market_history.", "trading": "trading.", "users": "users."}[service]
        with psycopg.connect(admin, autocommit=True) as session:
            # every service has its own database in some variants, and references are checked in none of them
            session.execute("SET session_replication_role = replica")
            for statement in (_FILL % {"orders": sizes.orders}).split(";\n"):
                if f"INSERT INTO {mine}" in statement or statement.startswith("ANALYZE"):
                    session.execute(statement.encode())
            if not self.variant.indexed and service == "trading":
                for name in _INDEXES:
                    session.execute(f"DROP INDEX {name}".encode())


def _measured(platform: _Platform, sizes: _Sizes) -> _Figures:
    found = _Figures()
    _hot(platform.urls, sizes, found)
    _waits(platform.urls["trading"], sizes, found)
    _held(platform.urls["trading"], sizes, found)
    _ingest(platform.urls["market-data"], sizes, found)
    return found


def _hot(urls: Mapping[str, str], sizes: _Sizes, found: _Figures) -> None:
    """Orders looked up by reference, the best of the book, an order placed; while others log in and ticks arrive."""
    took: list[float] = []
    stop = threading.Event()
    lock = threading.Lock()

    def trade(session: psycopg.Connection[tuple[object, ...]], number: int) -> None:
        began = time.perf_counter()
        session.execute("SELECT status FROM trading.orders WHERE exchange_ref = %s", (f"X{1 + number % sizes.orders}",))
        session.execute(
            "SELECT order_id FROM trading.orders WHERE instrument_id = (SELECT min(instrument_id) FROM"
            " trading.instrument) + %s AND side = 'buy' AND status IN ('new', 'open')"
            " ORDER BY limit_price DESC, placed_at LIMIT 10",
            (number % 50,),
        )
        session.execute(
            "INSERT INTO trading.orders (account_id, client_ref, instrument_id, side, kind, quantity)"
            " SELECT md5((1 + %s %% 2000)::text)::uuid, %s, min(instrument_id), 'buy', 'market', 1"
            " FROM trading.instrument",
            (number, f"new {number}"),
        )
        with lock:
            took.append((time.perf_counter() - began) * 1000)

    def log_in(session: psycopg.Connection[tuple[object, ...]], number: int) -> None:
        session.execute("SELECT users.log_in(%s, '192.0.2.1', true)", (f"{1 + number % 2000}@example.org",))
        time.sleep(0.01)

    def tick(session: psycopg.Connection[tuple[object, ...]], number: int) -> None:
        with session.cursor() as cursor, cursor.copy(_COPY) as rows:
            rows.write(_lines(number, 100))
        time.sleep(0.02)

    def client(url: str, number: int, work: Callable[[psycopg.Connection[tuple[object, ...]], int], None]) -> None:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as session:
            while not stop.is_set():
                work(session, number)
                number += 1

    threads = [
        threading.Thread(target=client, args=(urls["trading"], n * 1_000_000, trade)) for n in range(sizes.clients)
    ]
    threads += [
        threading.Thread(target=client, args=(urls["users"], 0, log_in)),
        threading.Thread(target=client, args=(urls["market-data"], 0, tick)),
    ]
    for thread in threads:
        thread.start()
    time.sleep(sizes.seconds)
    stop.set()
    for thread in threads:
        thread.join()
    took.sort()
    found.hot_ms = statistics.median(took)
    found.hot_p99_ms = took[int(len(took) * 0.99)]
    found.rate = len(took) / sizes.seconds


def _waits(url: str, sizes: _Sizes, found: _Figures) -> None:
    """A client that connects for each request: how long until its first answer."""
    took: list[float] = []
    ends = time.perf_counter() + sizes.seconds / 2

    def client() -> None:
        while time.perf_counter() < ends:
            began = time.perf_counter()
            with psycopg.connect(url, autocommit=True) as session:
                session.execute("SELECT 1")
                took.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=client) for _ in range(sizes.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.wait_ms = statistics.median(took)


def _held(url: str, sizes: _Sizes, found: _Figures) -> None:
    """How many clients can be connected at once, each of which is answered."""
    sessions: list[psycopg.Connection[tuple[object, ...]]] = []
    try:
        for _ in range(sizes.held):
            sessions.append(psycopg.connect(url, autocommit=True, connect_timeout=10))
            sessions[-1].execute("SELECT 1")
    except psycopg.Error as error:
        found.refused.append(str(error).strip().splitlines()[-1][-60:])
        sessions = [session for session in sessions if not session.broken]
    finally:
        found.held = len(sessions)
        for session in sessions:
            session.close()


_COPY = "COPY market_realtime.tick (occurred_at, symbol, price, size, venue) FROM STDIN"


def _lines(start: int, count: int) -> str:
    now = time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime())
    return "".join(f"{now}\tS{1 + n % 50}\t{1 + n % 97}\t1\tbench\n" for n in range(start, start + count))


def _ingest(url: str, sizes: _Sizes, found: _Figures) -> None:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as session:
        singles = sizes.ticks // 10
        began = time.perf_counter()
        for number in range(singles):
            session.execute(
                "INSERT INTO market_realtime.tick (occurred_at, symbol, price, size, venue)"
                " VALUES (now(), %s, %s, 1, 'bench')",
                (f"S{1 + number % 50}", 1 + number % 97),
            )
        found.rows_s = singles / (time.perf_counter() - began)
        batches = [_lines(at, 1_000) for at in range(0, sizes.ticks, 1_000)]
        began = time.perf_counter()
        for batch in batches:
            with session.cursor() as cursor, cursor.copy(_COPY) as rows:
                rows.write(batch)
        found.copy_s = sizes.ticks / (time.perf_counter() - began)


def _row(variant: _Variant, found: _Figures, held: int) -> tuple[str, ...]:
    return (
        variant.name,
        f"{found.hot_ms:.2f} ms",
        f"{found.hot_p99_ms:.1f} ms",
        f"{found.rate:,.0f}",
        f"{found.wait_ms:.2f} ms",
        f"{found.held}" if found.held < held else f"all {found.held}",
        f"{found.rows_s:,.0f}",
        f"{found.copy_s:,.0f}",
    )


def _verdict(found: Sequence[_Figures], pooled: bool) -> str:
    before, after = found[0], found[-1]
    steps = zip(_chosen(pooled)[1:], found, found[1:], strict=False)
    parts = ", ".join(f"{variant.name.removeprefix('+ ')} {_less(a.hot_ms, b.hot_ms)}" for variant, a, b in steps)
    both, copy, rows = (after.copy_s / before.rows_s, before.copy_s / before.rows_s, after.rows_s / before.rows_s)
    lines = (
        f"- response time of hot operations (claimed: 50 to 70 % lower): {_less(before.hot_ms, after.hot_ms)}",
        f"- step by step: {parts}",
        f"- concurrent clients held (claimed: 80 % more): {before.held} before, {after.held} after; no more were tried",
        f"- wait for a connection (claimed: 90 % less): {_less(before.wait_ms, after.wait_ms)}",
        f"- ingest (claimed: 3 times): {both:.1f} times; {copy:.1f} times by COPY alone, {rows:.1f} times without COPY",
    )
    return "From the first variant to the last, on this machine:\n\n" + "\n".join(lines)


def _less(before: float, after: float) -> str:
    part = (1 - after / before) * 100
    return f"{part:.0f} % lower" if part >= 0 else f"{-part:.0f} % higher"


def _chosen(pooled: bool) -> tuple[_Variant, ...]:
    return tuple(one for one in _VARIANTS if pooled or not one.pooled)


def run(quick: bool) -> Table:
    """Each variant from nothing, one after the other."""
    pooled = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is not None
    sizes = _Sizes(5_000, 2.0, 4, 130, 2_000) if quick else _Sizes(300_000, 12.0, 8, 400, 30_000)
    found: list[_Figures] = []
    for variant in _chosen(pooled):
        folder = Path(tempfile.mkdtemp(prefix="freehold-bench-", dir="/dev/shm"))
        folder.chmod(0o711)
        try:
            platform = _Platform(folder, variant, sizes)
            try:
                found.append(_measured(platform, sizes))
            finally:
                platform.run("down")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return Table(
        title="What TREUM's document promises",
        how=f"Three of its services with {sizes.orders:,} orders; {sizes.clients} clients look an order up by its "
        "reference, read the best of a book and place an order, while others log in and ticks arrive by COPY. The wait "
        "is until the first answer of a client that connects for each request. Clients, servers and pools share the "
        "machine, data lies in memory-backed storage.",
        columns=(
            "variant",
            "hot operations, median",
            "99 %",
            "a second",
            "wait for a connection",
            f"clients held of {sizes.held}",
            "ticks/s by INSERT",
            "ticks/s by COPY of 1,000",
        ),
        rows=tuple(_row(one, figures, sizes.held) for one, figures in zip(_chosen(pooled), found, strict=True)),
        reading=_verdict(found, pooled),
    )


treum_claims = Measure(run)
