"""What every part of a run shares: the ports, the doors of the services, and how much is done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from freehold.ports import Clock, Progress, Servers, Session


class Doors(Protocol):
    """Lets a run in as the owner of a service's tables, with no right beyond."""

    def open(self, service: str) -> Session:
        """A session that acts as the owner role of the service; its caller closes it."""


@dataclass
class World:
    """``stopping`` is set at the first failure or interruption: each table ends with the chunk it is at."""

    servers: Servers
    doors: Doors
    clock: Clock
    progress: Progress
    total: int = 0
    done: int = 0
    stopping: bool = False
    _talking: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def admin(self, instance: str, database: str) -> Iterator[Session]:
        """A session of Freehold's own login."""
        session = self.servers.admin(instance, database)
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def owner(self, service: str) -> Iterator[Session]:
        """A session that acts as the owner role of a service."""
        session = self.doors.open(service)
        try:
            yield session
        finally:
            session.close()

    def made(self, what: str, rows: int) -> None:
        """So many more rows were sent."""
        with self._talking:
            self.done += rows
            self.progress.event(what, self.done, max(self.total, self.done))


class Stopped(Exception):
    """Another table failed, or the person asked to stop: what is under way is rolled back."""
