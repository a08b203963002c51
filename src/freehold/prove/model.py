"""The nouns of a proof: who attacks what, what an attack concludes, and the report over all of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from freehold.finding import Finding
from freehold.found.model import Found
from freehold.layouts.model import Placement, Placements
from freehold.prove.asking import Answer, Ask
from freehold.spec.model import Platform


class Verdict(StrEnum):
    """What one attempt showed. LIMIT: it leaked, and this layout cannot prevent it. UNKNOWN never counts as held."""

    HELD = "held"
    BROKEN = "broken"
    LIMIT = "limit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Login:
    """A login role that attacks. ``service`` is empty for the platform's own logins; ``purpose`` is one of
    app, ro, analytics, monitor, backup, link, replica."""

    role: str
    purpose: str
    service: str
    instance: str
    database: str


@dataclass(frozen=True, slots=True)
class Canary:
    """The unique secret of one service: ``token`` in the row of ``schema.table`` of the service's database.

    The token also stands in the source and the result of the function ``schema.table()``, in the comment of the
    table and in the large object ``large_object``; all belong to ``owner``.
    """

    service: str
    instance: str
    database: str
    schema: str
    table: str
    token: str = field(repr=False)
    owner: str = ""
    large_object: int = 0


@dataclass(frozen=True, slots=True)
class Pooled:
    """A way to a service through its pool. ``place`` stands where the name of an instance stands in a Probe or a Run;
    ``alone`` is an alias behind which there is one server connection, so that two clients must share it."""

    service: str
    place: str
    alias: str
    alone: str
    admin: str
    mode: str
    reset: bool


@dataclass(frozen=True, slots=True)
class SecondHome:
    """Where a service that is on the move does not live now: the database that it came from, or goes to. ``tables`` is
    how it lies there, ``logins`` are those that the move needs there, ``others`` those that the platform has in each of
    its databases."""

    tables: Placement
    logins: frozenset[str]
    others: frozenset[str] = frozenset()

    @property
    def service(self) -> str:
        return self.tables.service

    @property
    def instance(self) -> str:
        return self.tables.instance

    @property
    def database(self) -> str:
        return self.tables.database

    @property
    def all(self) -> frozenset[str]:
        """Every login that may be there."""
        return self.logins | self.others


@dataclass(frozen=True, slots=True)
class Scene:
    """What every attack is given: the claims, the snapshot, the logins and the canaries. Nothing that can act."""

    platform: Platform
    placements: Placements
    found: Found
    logins: tuple[Login, ...]
    canaries: Mapping[str, Canary]
    doors: Mapping[tuple[str, str, str], Answer] = field(default_factory=dict)
    """What each login was told at the door of each database: (instance, database, role) to answer."""
    migrations: Mapping[str, tuple[tuple[str, str], ...]] | None = None
    """Declared migrations (name, sha256) by service, when the caller knows them."""
    addresses: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Host and port of each instance."""
    exhaust: bool = False
    """Whether somebody asked for attacks that take a service's connections."""
    pools: tuple[Pooled, ...] = ()
    """The pools that run."""
    passing: frozenset[tuple[str, str, str]] = frozenset()
    """(instance, database, role) of what moves under way need: their services at both homes, and what follows them."""
    second: tuple[SecondHome, ...] = ()
    """The other homes of the services that are on the move."""
    beyond: Found = field(default_factory=Found)
    """The roles and databases of the instances of those homes, where they answer."""


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt (or ``attempts`` of them) and what it showed. ``actor`` and ``target`` are services or "" for
    the platform itself; ``finding`` is required unless the verdict is HELD. Findings of one ``group`` are told as
    one, so that one cause which opens 500 tables is one finding."""

    verdict: Verdict
    actor: str
    target: str
    finding: Finding | None = None
    attempts: int = 1
    group: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an attack that needs no other part. ``actor`` None judges the snapshot alone, or lets several logins
    take part; ``part`` is the attack's own. Pieces of one actor in one database run one after the other on one
    connection; a piece ``alone`` runs after all of those and beside nothing."""

    actor: Login | None
    instance: str
    database: str
    part: object = None
    alone: bool = False


Tell = Callable[[Result], None]


Conversation = Generator[Ask, tuple[Answer, ...], None]
"""What an attack is while it runs: yields what it asks, is sent the answers, and reports Results to ``report``."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A member of the family ``prove/attacks``.

    ``number`` is its number in the catalogue (``I9``); ``split`` cuts the work into independent pieces, each run
    by ``play`` on its own sessions, concurrently with others. ``prevented_by`` names the layouts that prevent a
    leak which others cannot; empty when every layout but ``central`` must hold, or when none can.
    """

    number: str
    title: str
    split: Callable[[Scene], Iterable[Piece]]
    play: Callable[[Scene, Piece, Tell], Conversation]
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
    """The proof. ``passed`` is True only with no violation, nothing unknown and every instance attacked."""

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
    moving: tuple[SecondHome, ...] = ()
    """The other homes of services on the move, with the logins that are there because the move needs them."""
    unreachable: tuple[str, ...] = ()
    """The instances that did not answer; everything by and on what lives there is unknown."""

    @property
    def passed(self) -> bool:
        return not self.violations and not self.unknown and not self.unreachable
