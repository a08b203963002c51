"""Clients of TREUM's busiest services: hot operations, connections that wait, clients held, ticks that arrive."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg


@dataclass(frozen=True)
class Sizes:
    orders: int
    seconds: float
    clients: int
    held: int
    ticks: int


@dataclass
class Figures:
    hot_ms: float = 0.0
    hot_p99_ms: float = 0.0
    rate: float = 0.0
    wait_ms: float = 0.0
    held: int = 0
    rows_s: float = 0.0
    copy_s: float = 0.0
    refused: list[str] = field(default_factory=list)


def measured(urls: Mapping[str, str], sizes: Sizes) -> Figures:
    found = Figures()
    _hot(urls, sizes, found)
    _waits(urls["trading"], sizes, found)
    _held(urls["trading"], sizes, found)
    _ingest(urls["market-data"], sizes, found)
    return found


def _hot(urls: Mapping[str, str], sizes: Sizes, found: Figures) -> None:
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


def _waits(url: str, sizes: Sizes, found: Figures) -> None:
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


def _held(url: str, sizes: Sizes, found: Figures) -> None:
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


def _ingest(url: str, sizes: Sizes, found: Figures) -> None:
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
