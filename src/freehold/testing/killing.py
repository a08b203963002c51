"""Servers that end the process, as SIGKILL does, before or after the Nth thing it asks of a server."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from freehold.found.model import Found
from freehold.ports import Address, Outcome, Row, Servers, Session
from freehold.sqltext import Sql


@dataclass
class Fuse:
    """Counts effects. ``at`` 0 never burns, and then ``count`` says how many there were.

    A question that a session asks again and again until the answer is another one is one effect, however long it waits.
    """

    at: int = 0
    after: bool = False
    count: int = 0
    _one: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def effect(self) -> Iterator[None]:
        """One effect: the process ends before it, after it, or goes on."""
        with self._one:
            self.count += 1
            mine = self.count == self.at
        if mine and not self.after:
            _die()
        yield
        if mine:
            _die()


@dataclass(frozen=True)
class KillingServers:
    """Implements ports.Servers by passing everything on to ``servers``; reading a snapshot does not count."""

    servers: Servers
    fuse: Fuse

    def addresses(self) -> Mapping[str, Address]:
        return self.servers.addresses()

    def admin(self, instance: str, database: str | None = None) -> Session:
        return _KillingSession(self.servers.admin(instance, database), self.fuse)

    def replication(self, instance: str, database: str) -> Session:
        return _KillingSession(self.servers.replication(instance, database), self.fuse)

    def login(self, instance: str, database: str, user: str, password: str) -> Session:
        return _KillingSession(self.servers.login(instance, database, user, password), self.fuse)

    def probe(self, instance: str, database: str, user: str, password: str) -> Outcome:
        return self.servers.probe(instance, database, user, password)

    def read(self, instances: Sequence[str], databases: Mapping[str, Sequence[str]]) -> Found:
        return self.servers.read(instances, databases)

    def write_hba(self, instance: str, lines: Sequence[str]) -> None:
        with self.fuse.effect():
            self.servers.write_hba(instance, lines)

    def read_hba(self, instance: str) -> tuple[str, ...]:
        return self.servers.read_hba(instance)


@dataclass
class _KillingSession:
    session: Session
    fuse: Fuse
    _asked: tuple[Sql, tuple[object, ...]] | None = None

    def query(self, sql: Sql, parameters: Sequence[object] = ()) -> list[Row]:
        again, self._asked = self._asked, (sql, tuple(parameters))
        if self._asked == again:
            return self.session.query(sql, parameters)
        with self.fuse.effect():
            return self.session.query(sql, parameters)

    def execute(self, sql: Sql, resolve: Callable[[str], str] | None = None) -> None:
        self._asked = None
        with self.fuse.effect():
            self.session.execute(sql, resolve)

    def attempt(self, sql: Sql) -> Outcome:
        return self.session.attempt(sql)

    def copy_out(self, sql: Sql) -> Iterator[bytes]:
        return self.session.copy_out(sql)

    def copy_in(self, sql: Sql, blocks: Iterable[bytes]) -> int:
        self._asked = None
        with self.fuse.effect():
            return self.session.copy_in(sql, blocks)

    def stream(self, sql: Sql) -> AbstractContextManager[Iterator[list[Row]]]:
        return self.session.stream(sql)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._asked = None
        with self.fuse.effect(), self.session.transaction():
            yield

    def notifications(self, timeout_ms: int) -> list[tuple[str, str]]:
        return self.session.notifications(timeout_ms)

    def close(self) -> None:
        self.session.close()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
