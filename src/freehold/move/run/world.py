"""What every part of a move is given: the ports, and sessions that are closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from freehold.move.model import Side
from freehold.ports import Clock, Dumps, Progress, Secrets, Servers, Session


@dataclass(frozen=True)
class World:
    """The ports of one move."""

    servers: Servers
    secrets: Secrets
    clock: Clock
    progress: Progress
    dumps: Dumps

    @contextmanager
    def admin(self, side: Side) -> Iterator[Session]:
        """A session of Freehold's own login in a database; its search_path holds pg_catalog only."""
        session = self.servers.admin(side.instance, side.database)
        try:
            yield session
        finally:
            session.close()
