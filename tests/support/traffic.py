"""Clients that work through the pools of a platform and remember everything a server confirmed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import psycopg

THINK_S = 0.002 if os.environ.get("FREEHOLD_SOAK") == "1" else 0.02
"""How long a client rests between two pieces of work: enough for the machine to do something else, or hardly."""

Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]
Once: TypeAlias = Callable[[Connection, int], None]


@dataclass
class Clients:
    """Clients of services that write for as long as the block lasts, each on one connection that it keeps.

    ``jobs`` are, by service, a connection string and what a client does again and again, each time under a new number.
    ``confirmed`` are the numbers of those whose commit was acknowledged, ``errors`` everything a client was told.
    With ``reconnects`` a client that meets an error connects anew, as one does whose server or pool dies; the numbers
    whose commit was neither acknowledged nor refused are ``doubtful`` then.
    """

    jobs: Mapping[str, tuple[str, Once]]
    reconnects: bool = False
    think_s: float = THINK_S
    confirmed: dict[str, set[int]] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    slowest_ms: float = 0.0
    stopping: bool = False
    _next: int = 1
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self, clients: int) -> Iterator[None]:
        """So many clients of each service."""
        self.confirmed = {name: set() for name in self.jobs}
        threads = [
            threading.Thread(target=self._work, args=(name, url, once))
            for name, (url, once) in self.jobs.items()
            for _ in range(clients)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping = True
            for thread in threads:
                thread.join()

    def agree(self, service: str, there: Sequence[object]) -> None:
        """Assert that what is there is what was confirmed, each once, and perhaps some of what is in doubt."""
        assert self.reconnects or not self.errors, self.errors
        assert len(there) == len(set(there))
        confirmed = self.confirmed[service]
        assert confirmed <= set(there), sorted(confirmed - set(there))
        assert set(there) <= confirmed | self.doubtful, set(there) - confirmed - self.doubtful

    def _number(self) -> int:
        with self._lock:
            self._next += 1
            return self._next

    def _work(self, name: str, url: str, once: Once) -> None:
        while not self.stopping:
            number = 0
            try:
                with psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=10) as connection:
                    while not self.stopping:
                        number, began = self._number(), time.monotonic()
                        once(connection, number)
                        took = (time.monotonic() - began) * 1000
                        with self._lock:
                            self.confirmed[name].add(number)
                            self.slowest_ms = max(self.slowest_ms, took)
                        time.sleep(self.think_s)
            except psycopg.Error as error:
                self.errors.append(f"{name}: {error}")
                if not self.reconnects:
                    return
                self.doubtful.add(number)
                time.sleep(0.05)


def transfers(ledger: str, visits: str, *, reconnects: bool = False) -> Clients:
    """Clients of the bank: a payment moves an amount between two accounts of the ledger and writes a line; a visit is
    one row elsewhere."""
    return Clients({"ledger": (ledger, _pay), "visits": (visits, _visit)}, reconnects)


def _pay(connection: Connection, number: int) -> None:
    with connection.transaction():
        one, two = number % 50 + 1, (number * 7 + 13) % 50 + 1
        for account in sorted((one, two)):
            connection.execute("SELECT 1 FROM ledger.account WHERE id = %s FOR UPDATE", (account,))
        connection.execute("UPDATE ledger.account SET balance = balance - 1 WHERE id = %s", (one,))
        connection.execute("UPDATE ledger.account SET balance = balance + 1 WHERE id = %s", (two,))
        connection.execute("INSERT INTO ledger.line (number, one, two) VALUES (%s, %s, %s)", (number, one, two))


def _visit(connection: Connection, number: int) -> None:
    connection.execute("INSERT INTO visits.visit (number, note) VALUES (%s, 'x')", (number,))
