"""What an attack asks of the world: to connect, to run statements as somebody, to listen, to flood; and the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from freehold.sqltext import Sql, quote_literal


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to one statement or connection: rows as text, or an error."""

    rows: tuple[tuple[str | None, ...], ...] = ()
    sqlstate: str = ""
    message: str = ""

    @property
    def ok(self) -> bool:
        return self.sqlstate == ""


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask: only try to connect as this login with this password (None: the role's own). ``patient`` waits while
    there are too many connections, since they may be the proof's own, and while a pool rests before it tries again."""

    instance: str
    database: str
    login: str
    password: str | None = field(default=None, repr=False)
    patient: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """Statements that belong together; ``text`` is their list of SQL literals, made once for all who send it."""

    statements: tuple[str, ...]
    text: str

    @staticmethod
    def of(statements: Iterable[Sql]) -> Batch:
        shown = tuple(statement.shown() for statement in statements)
        return Batch(shown, ",".join(quote_literal(text).strip() for text in shown))


@dataclass(frozen=True, slots=True)
class Run:
    """Ask: run statements as this login, each in a transaction of its own that is always rolled back.

    ``session`` names the connection: the same name is the same connection within one attack. ``keep`` runs the
    statements without a transaction of their own (for LISTEN, SET, advisory locks). After ``soiled`` the connection
    serves nothing else, since what ran there may have left something in the session. The answer is one Answer for
    each statement; all carry the connection's error when it could not be opened.
    """

    instance: str
    database: str
    login: str
    statements: tuple[Sql, ...]
    session: str = "a"
    keep: bool = False
    soiled: bool = False


@dataclass(frozen=True, slots=True)
class Volley:
    """Ask: run very many statements as this login, each rolled back by itself, in few round trips.

    The server runs them one by one inside a DO block (statement by statement where the login may not use plpgsql).
    The answer is one Answer for each statement; the row of a statement that was not refused is its first column.
    """

    instance: str
    database: str
    login: str
    batches: tuple[Batch, ...]
    session: str = "a"


@dataclass(frozen=True, slots=True)
class As:
    """Ask: run statements as a role that cannot log in, from Freehold's own login with SET ROLE; rolled back.

    For what a service owns and must be able to do, and for what its migrations, which run as its owner, must not be."""

    instance: str
    database: str
    role: str
    statements: tuple[Sql, ...]


@dataclass(frozen=True, slots=True)
class Notifications:
    """Ask: notifications that reach a session opened by Run within the time; one row (channel, payload) each."""

    login: str
    session: str
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Flood:
    """Ask: open connections as this login until one is refused or ``most`` are open, and hold them.

    The answer is how many are open, as a row, and the refusal if there was one."""

    instance: str
    database: str
    login: str
    most: int


@dataclass(frozen=True, slots=True)
class Release:
    """Ask: close what Flood opened."""


Ask = Probe | Run | Volley | As | Notifications | Flood | Release
