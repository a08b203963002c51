"""What every part of a run shares: the ports, who runs, and the sessions it opens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from freehold.apply.resume import blockers, work_key
from freehold.apply.run.together import Together
from freehold.errors import ServerError
from freehold.found.journal import Run
from freehold.ports import Clock, Commands, Progress, Secrets, Servers, Session
from freehold.sqltext import Sql, keyword, resolver, sql

WATCH_AFTER_MS = 500.0
WATCH_SOON_MS = 100.0
"""Where a transaction gives way sooner than it would be looked at otherwise."""


@dataclass
class World:
    """The ports of one run. ``stopping`` is set at the first failure: what runs may finish, nothing new begins."""

    servers: Servers
    secrets: Secrets
    clock: Clock
    commands: Commands
    progress: Progress
    run: Run
    total: int
    lock_wait_ms: float
    together: Together | None = None
    stopping: bool = False
    settled: set[tuple[str, str | None]] = field(default_factory=set)
    finished: list[str] = field(default_factory=list)
    _talking: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def session(self, instance: str, database: str | None = None) -> Iterator[tuple[Session, int]]:
        """A session of Freehold's own login and its process id; it shows the next run that this one still works. What a
        plan may do to a service on the move was decided when it was made: no guard of a move refuses it."""
        session = self.servers.admin(instance, database)
        try:
            session.execute(keyword("SET freehold.moving = 'on'"))
            shared = sql("SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_advisory_lock_shared({})", _key(self.run))
            yield session, int(str(session.query(shared)[0][0]))
        finally:
            session.close()

    def resolve(self, secret: str) -> str:
        """The text of a secret that a statement names."""
        return resolver(self.secrets.password, self.secrets.verifier)(secret)

    def finish(self, key: str, what: str) -> None:
        """A step is done for good: committed, and in the journal."""
        with self._talking:
            self.finished.append(key)
            self.progress.event(what, len(self.finished), self.total)

    def say(self, what: str) -> None:
        """Something a person should know while it happens."""
        with self._talking:
            self.progress.event(what, len(self.finished), self.total)

    @contextmanager
    def watched(self, instance: str, pid: int, what: str) -> Iterator[list[str]]:
        """While the block runs, a session that waits for others says for whom; the list collects what was said."""
        seen: list[str] = []

        def look() -> None:
            # only to tell a person; the work itself does not depend on it
            with suppress(ServerError):
                session = self.servers.admin(instance)
                try:
                    for row in session.query(blockers(pid)):
                        seen.append(
                            f'process {row[0]} (user "{row[1]}", application "{row[2]}", database "{row[3]}",'
                            f" in its transaction for {row[4]} s: {row[5]})"
                        )
                finally:
                    session.close()
            if seen:
                self.say(f"{what} waits for {'; '.join(seen)}")

        timer = threading.Timer((WATCH_AFTER_MS if self.together is None else WATCH_SOON_MS) / 1000, look)
        timer.daemon = True
        timer.start()
        try:
            yield seen
        finally:
            timer.cancel()

    def jitter(self) -> float:
        """A number in 0..1 that two waiting runs do not share."""
        return self.clock.monotonic_ms() * 1000 % 997 / 997


def _key(run: Run) -> Sql:
    return work_key(run.platform)
