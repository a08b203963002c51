"""What a run works with: sessions, patience, the journal; and the owner's login, held for a short while at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from freehold.errors import ServerError
from freehold.found import journal
from freehold.found.journal import Entry, Run
from freehold.found.locks import backoff_ms, retriable
from freehold.layouts.model import Placement
from freehold.maintain import control
from freehold.maintain.catalog import SETTINGS
from freehold.maintain.model import Task
from freehold.ports import Clock, Progress, Row, Servers, Session
from freehold.sqltext import Sql, ident, keyword, sql

Lend = Callable[[Placement], AbstractContextManager[Session]]
"""A session that acts as the owner role of a service and can act as nobody else, for as long as the context lasts.

Whatever belongs to a service may run code of that service: a trigger, a check, a condition of a hold. The
administrator's session must never be the one in which it runs.
"""

Answer = TypeVar("Answer")

TURN_MS = 3_000.0
"""How long the owner's login, and with it the platform's lock, is held before an apply gets its chance."""

PAUSE_MS = 60.0
_SUPERUSER = keyword("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user")
CANCELED = "57014"
TOO_LONG_TRIES = 3


@dataclass
class Hands:
    """The ports of one run, and the sessions it has open."""

    servers: Servers
    clock: Clock
    progress: Progress
    lend: Lend
    run: Run
    lock_timeout_ms: int
    patience_ms: float
    total: int
    _admins: dict[tuple[str, str], Session] = field(default_factory=dict)
    _superusers: dict[tuple[str, str], bool] = field(default_factory=dict)
    _turn: tuple[str, float, Session, AbstractContextManager[Session]] | None = None
    finished: int = 0
    """How many of the ``total`` tables are maintained."""

    def admin(self, task: Task) -> Session:
        """A session of Freehold's own login in the task's database; for the catalog, notes and the journal only."""
        session = self._admins.get(task.place)
        if session is None:
            session = self.servers.admin(*task.place)
            self._admins[task.place] = session
            session.execute(SETTINGS)
        return session

    def peek(self, task: Task, statement: Sql) -> list[Row]:
        """Read the task's tables, in a way that runs no code of the service: its time column and nothing else.

        A login that is no superuser reads as the owner role, for this one statement.
        """
        session = self.admin(task)
        if task.place not in self._superusers:
            self._superusers[task.place] = session.query(_SUPERUSER) == [(True,)]
        if self._superusers[task.place]:
            return session.query(statement)
        with session.transaction():
            session.execute(sql("SET LOCAL ROLE {}", ident(task.placement.roles.owner)))
            session.execute(keyword("SET LOCAL row_security = off"))
            return session.query(statement)

    def noted(self, task: Task) -> Session:
        """The same, where maintenance can keep its notes."""
        session = self.admin(task)
        if not session.query(control.IS_THERE)[0][0]:
            with session.transaction():
                for statement in control.make():
                    session.execute(statement)
        return session

    def owner(self, task: Task) -> Session:
        """A session as the owner role of the task's service. Do not keep it: it is given back now and then."""
        now = self.clock.monotonic_ms()
        if self._turn is not None and (self._turn[0] != task.service or now >= self._turn[1]):
            longer = self._turn[0] == task.service
            self.rest()
            if longer:
                self.clock.sleep_ms(PAUSE_MS)
        if self._turn is None:
            lent = self.lend(task.placement)
            session = lent.__enter__()
            self._turn = (task.service, self.clock.monotonic_ms() + TURN_MS, session, lent)
            session.execute(SETTINGS)
            # rows that a policy hides must not look as if they were not there
            session.execute(keyword("SET row_security = off"))
            session.execute(sql("SET lock_timeout = {}", self.lock_timeout_ms))
        return self._turn[2]

    def rest(self) -> None:
        """Give the owner's login back."""
        turn, self._turn = self._turn, None
        if turn is not None:
            turn[3].__exit__(None, None, None)

    def close(self) -> None:
        try:
            self.rest()
        finally:
            for session in self._admins.values():
                session.close()
            self._admins.clear()

    def patiently(self, work: Callable[[], Answer]) -> Answer:
        """``work``, again and again while others hold what it needs or it would hold it for too long itself.

        Raises the last refusal when the time is over.
        """
        deadline = self.clock.monotonic_ms() + self.patience_ms
        canceled = 0
        for attempt in count():
            try:
                return work()
            except ServerError as error:
                canceled += error.sqlstate == CANCELED
                again = retriable(error.sqlstate, error.message) or (0 < canceled < TOO_LONG_TRIES)
                if not again or self.clock.monotonic_ms() >= deadline:
                    raise
                self.say(f"trying again: {error.message}")
                self.clock.sleep_ms(backoff_ms(attempt, self.clock.monotonic_ms() * 1000 % 997 / 997))
        raise AssertionError("count() does not end")

    @contextmanager
    def holding(self, session: Session) -> Iterator[Callable[[Sql], list[tuple[object, ...]]]]:
        """Inside a transaction and after its lock is there: each statement may use what is left of the lock timeout,
        so that nobody waits longer for us to let go than for us to get it."""
        began = self.clock.monotonic_ms()

        def send(statement: Sql) -> list[tuple[object, ...]]:
            left = max(1, int(self.lock_timeout_ms - (self.clock.monotonic_ms() - began)))
            session.execute(sql("SET LOCAL statement_timeout = {}", left))
            return session.query(statement)

        yield send

    def record(self, task: Task, what: str, name: str, text: str, rows: int | None) -> None:
        """One row in the journal: ``what`` is create, alter or drop."""
        told = text if rows is None else f"{text} -- {rows} rows"
        entry = Entry(what, "maintain", name, task.service, task.placement.database, told, "done")
        self.noted(task).query(journal.insert(self.run, [entry]))

    def say(self, what: str) -> None:
        """Something that a person may see while it happens."""
        self.progress.event(what, self.finished, self.total)


@contextmanager
def closing(hands: Hands) -> Iterator[Hands]:
    """Closes everything at the end; when the server is gone, its error is not hidden by that of closing."""
    try:
        yield hands
    except BaseException:
        with suppress(ServerError):
            hands.close()
        raise
    hands.close()
