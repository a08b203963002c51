"""Clients that work through the pools of a platform and remember everything a server confirmed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg


@dataclass
class Transfers:
    """Clients of two services that write for as long as the block lasts, each on one connection that it keeps.

    A payment moves an amount between two accounts of the ledger and writes a line; a visit is one row elsewhere.
    ``confirmed`` are the numbers of those whose commit was acknowledged, ``errors`` everything a client was told.
    """

    ledger: str
    visits: str
    confirmed: dict[str, set[int]] = field(default_factory=lambda: {"ledger": set(), "visits": set()})
    errors: list[str] = field(default_factory=list)
    slowest_ms: float = 0.0
    stopping: bool = False
    _next: int = 1
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self, clients: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._pay) for _ in range(clients)]
        threads += [threading.Thread(target=self._visit) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping = True
            for thread in threads:
                thread.join()

    def _number(self) -> int:
        with self._lock:
            self._next += 1
            return self._next

    def _pay(self) -> None:
        def once(connection: psycopg.Connection[tuple[object, ...]], number: int) -> None:
            with connection.transaction():
                one, two = number % 50 + 1, (number * 7 + 13) % 50 + 1
                for account in sorted((one, two)):
                    connection.execute("SELECT 1 FROM ledger.account WHERE id = %s FOR UPDATE", (account,))
                connection.execute("UPDATE ledger.account SET balance = balance - 1 WHERE id = %s", (one,))
                connection.execute("UPDATE ledger.account SET balance = balance + 1 WHERE id = %s", (two,))
                connection.execute("INSERT INTO ledger.line (number, one, two) VALUES (%s, %s, %s)", (number, one, two))

        self._work("ledger", self.ledger, once)

    def _visit(self) -> None:
        def once(connection: psycopg.Connection[tuple[object, ...]], number: int) -> None:
            connection.execute("INSERT INTO visits.visit (number, note) VALUES (%s, 'x')", (number,))

        self._work("visits", self.visits, once)

    def _work(self, name: str, url: str, once: object) -> None:
        assert callable(once)
        try:
            with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
                while not self.stopping:
                    number, began = self._number(), time.monotonic()
                    once(connection, number)
                    took = (time.monotonic() - began) * 1000
                    with self._lock:
                        self.confirmed[name].add(number)
                        self.slowest_ms = max(self.slowest_ms, took)
                    time.sleep(0.002)
        except psycopg.Error as error:
            self.errors.append(f"{name}: {error}")
