"""The nouns of a proof: what an attack asks of the world, what it concludes, and the report over all of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from freehold.finding import Finding
from freehold.found.model import Found
from freehold.layouts.model import Placements
from freehold.spec.model import Platform
from freehold.sqltext import Sql


class Verdict(StrEnum):
    """What one attempt showed. LIMIT: it leaked, and this layout cannot prevent it. UNKNOWN never counts as held."""

    HELD = "held"
    BROKEN = "broken"
    LIMIT = "limit"
    UNKNOWN = "unknown"


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
    """Ask: only try to connect as this login with this password (None: the role's own)."""

    instance: str
    database: str
    login: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Run:
    """Ask: run statements as this login, each in a transaction of its own that is always rolled back.

    ``session`` names the connection: the same name is the same connection within one attack. ``keep`` runs the
    statements without a transaction of their own (for LISTEN, SET, advisory locks). The answer is one Answer
    for each statement; all carry the connection's error when it could not be opened.
    """

    instance: str
    database: str
    login: str
    statements: tuple[Sql, ...]
    session: str = "a"
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Notifications:
    """Ask: notifications that reach a session opened by Run within the time; one row (channel, payload) each."""

    login: str
    session: str
    timeout_ms: int


Ask = Probe | Run | Notifications


@dataclass(frozen=True, slots=True)
class Login:
    """A login role that attacks. ``service`` is empty for the platform's own logins; ``purpose`` is one of
    app, ro, analytics, monitor, backup."""

    role: str
    purpose: str
    service: str
    instance: str
    database: str


@dataclass(frozen=True, slots=True)
class Canary:
    """The unique secret row of one service: ``token`` in ``schema.table`` of the service's database."""

    service: str
    instance: str
    database: str
    schema: str
    table: str
    token: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What every attack is given: the claims, the snapshot, the logins and the canaries. Nothing that can act."""

    platform: Platform
    placements: Placements
    found: Found
    logins: tuple[Login, ...]
    canaries: Mapping[str, Canary]


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt and what it showed. ``actor`` and ``target`` are services or "" for the platform itself;
    ``finding`` is required unless the verdict is HELD."""

    verdict: Verdict
    actor: str
    target: str
    finding: Finding | None = None


Conversation = Generator[Ask, tuple[Answer, ...], None]
"""What an attack is while it runs: yields what it asks, is sent the answers, and reports Results to ``report``."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A member of the family ``prove/attacks``.

    ``number`` is its number in the catalogue (``I9``); ``split`` cuts the work into independent pieces, each run
    by ``play`` on its own sessions, concurrently with others. ``prevented_by`` names the layouts that prevent a
    leak which others cannot; empty when every layout but ``central`` must hold.
    """

    number: str
    title: str
    split: Callable[[Scene], Iterable[object]]
    play: Callable[[Scene, object, Callable[[Result], None]], Conversation]
    prevented_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One square of the matrix: what ``actor`` could do to ``target``, and the worst verdict of its attempts."""

    actor: str
    target: str
    verdict: Verdict
    attempts: int
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The proof. ``passed`` is True only with no violation and nothing unknown."""

    platform: str
    layout: str
    attempts: int
    violations: tuple[Finding, ...]
    limits: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    matrix: tuple[Cell, ...]
    by_attack: Mapping[str, Mapping[str, int]]
    versions: Mapping[str, int]
    duration_ms: float
    ignored: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.violations and not self.unknown
