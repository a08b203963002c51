"""What every part of a move shares: the ports, and sessions on its two sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from freehold.errors import ServerError
from freehold.found.locks import YIELDING
from freehold.move.events import Event, Step, StepBegun, StepDone, Waiting
from freehold.move.model import Move, Side
from freehold.ports import Clock, Dumps, Secrets, Servers, Session
from freehold.sqltext import Sql, keyword, pair, sql

LOCK_TIMEOUT_MS = 200
"""Who waits for a lock on a table holds up everybody who comes after; clients may have little patience themselves."""

LOCKED = ("55P03", "40P01")
"""What a server says when somebody else holds a lock for too long, or holds what we hold the other way round."""
_RETRY_MS = 250.0

PINNED = keyword(
    "SET statement_timeout = 0; SET idle_session_timeout = 0;"
    " SET idle_in_transaction_session_timeout = 0; SET row_security = off; SET DateStyle = 'ISO, YMD';"
    " SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET lc_monetary = 'C'"
)


Tell: TypeAlias = Callable[[Event], None]
"""Takes what happens; never waits for anybody and never fails."""


Watch: TypeAlias = Callable[[Move, float, Tell], AbstractContextManager[Callable[[], None]]]
"""Starts what frees the service should this process die or hang during a switch, whose pause is limited to so many ms.
It lasts as long as the block; the function ends the limit, once nobody waits any more."""


def unwatched(move: Move, pause_ms: float, tell: Tell) -> AbstractContextManager[Callable[[], None]]:
    """Nothing frees the service."""
    return nullcontext(lambda: None)


class Traffic(Protocol):
    """The clients of a service: they can be held back, led elsewhere, and let go."""

    def prepare(self, side: str) -> None:
        """Make sure, before anybody waits, that clients could be led to ``side``. Raises FreeholdError."""

    def hold(self, timeout_ms: int) -> bool:
        """Let transactions end and hold back what follows. False when one did not end in time: all runs on then."""

    def redirect(self, side: str) -> None:
        """Lead what comes next to ``side``; nothing happens where it leads there already."""

    def release(self) -> None:
        """Let traffic flow; nothing happens where it flows."""


@dataclass(frozen=True)
class World:
    """The ports of a move. ``ready`` is asked before each pause, and may raise FreeholdError. ``homed`` writes down
    which side serves, for commands that have not asked the databases. ``events`` takes what happens, with the number of
    the attempt: a switch makes several."""

    servers: Servers
    secrets: Secrets
    clock: Clock
    dumps: Dumps
    who: str = ""
    watch: Watch = unwatched
    ready: Callable[[], None] = lambda: None
    homed: Callable[[Move, str], None] = lambda move, side: None
    events: Callable[[int, Event], None] = lambda attempt, event: None
    attempt: int = 1

    @contextmanager
    def admin(self, side: Side) -> Iterator[Session]:
        """A session of Freehold's own login in a database; its search_path holds pg_catalog only, and the guard against
        DDL lets it through."""
        session = self.servers.admin(side.instance, side.database)
        try:
            session.execute(keyword("SET freehold.moving = 'on'"))
            session.query(YIELDING)
            yield session
        finally:
            session.close()

    @contextmanager
    def session(self, side: Side) -> Iterator[Session]:
        """A session of Freehold's own login whose texts are the same on every server, and which may change the
        tables of a service that is being moved."""
        with self.admin(side) as session:
            session.execute(PINNED)
            yield session

    def tell(self, event: Event) -> None:
        self.events(self.attempt, event)

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Tell that a piece of work begins, and how long it took once it is done."""
        began = self.clock.monotonic_ms()
        self.tell(StepBegun(step))
        yield
        self.tell(StepDone(step, round(self.clock.monotonic_ms() - began, 3)))


def patiently(world: World, session: Session, what: Sql, why: str, wait_ms: float = 60_000.0) -> None:
    """Send what needs a lock, again while others hold it, who are given way each time. Raises ServerError after
    ``wait_ms``."""
    deadline = world.clock.monotonic_ms() + wait_ms
    while True:
        try:
            session.execute(sql("SET lock_timeout = {}", LOCK_TIMEOUT_MS))
            session.execute(what)
            return
        except ServerError as error:
            if error.sqlstate not in LOCKED or world.clock.monotonic_ms() >= deadline:
                raise
            world.tell(Waiting(why, f"a lock: {error.message}"))
            world.clock.sleep_ms(_RETRY_MS)


def connection(world: World, side: Side, user: str) -> str:
    """How the other side connects to this one, without the password."""
    address = world.servers.addresses()[side.instance]
    words = {
        **dict(address.options),
        "host": address.host,
        "port": str(address.port),
        "dbname": side.database,
        "user": user,
        "application_name": "freehold move",
    }
    return " ".join(pair(name, value) for name, value in words.items())
