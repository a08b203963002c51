"""The nouns of discovery: where something was seen, and what a repository or a server says taken together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from freehold.finding import Evidence as Shown
from freehold.finding import Finding, JsonObject

if TYPE_CHECKING:
    from freehold.discover.facts import Fact

Kind = TypeVar("Kind")

CERTAIN = 1.0
LIKELY = 0.8
GUESS = 0.5
"""How sure a reader may be: its format says so, a name or a default says so, a pattern in a text says so."""

TEXT_CHARS_MAX = 160


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """A place that says something: a file relative to the root and a line from 1, or (file empty) a live server.

    ``literal``: what stands there is no template, so every name in it is one, whatever it looks like.
    """

    file: str
    line: int
    text: str
    confidence: float = CERTAIN
    literal: bool = False

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.file else self.text

    def shown(self) -> Shown:
        """The same as findings carry it; passwords are taken out."""
        from freehold.discover.secrets import masked

        return Shown(masked(self.text)[:TEXT_CHARS_MAX], self.file, self.line)


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A service that connects to a database, as one place says it.

    ``environment`` is empty where the place says none, ``test`` in what only tests read. ``how`` is ``configured``
    (a deployment or a server says so), ``default`` (the code falls back to it), ``example`` (a template for people) or
    ``live`` (seen on a server). ``server`` is the host as written, or the name of the declared server it leads to.
    ``alias`` is the name that it asks a pool for (empty: it goes through none that is known), ``schemas`` its
    search_path, ``direct`` whether the place calls itself the way past a pool.
    """

    service: str
    database: str
    environment: str
    how: str
    server: str
    login: str
    at: Evidence
    port: str = ""
    alias: str = ""
    schemas: tuple[str, ...] = ()
    direct: bool = False


@dataclass(frozen=True, slots=True, order=True)
class TableSeen:
    """A table that ``service`` creates (empty: nobody knows who); ``columns`` are (name, type), in order."""

    database: str
    schema: str
    name: str
    service: str
    columns: tuple[tuple[str, str], ...]
    at: Evidence

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True, order=True)
class SchemaSeen:
    """A schema, the database it lies in and the service that owns it; either is empty when unknown."""

    name: str
    database: str
    service: str
    at: Evidence


@dataclass(frozen=True, slots=True, order=True)
class CrossingSeen:
    """SQL of ``service`` that names a table of ``to_service``; ``how`` is foreign key, view, join, policy, ..."""

    service: str
    table: str
    to_service: str
    to_table: str
    how: str
    at: Evidence


@dataclass(frozen=True, slots=True)
class DatabaseSeen:
    """A database by its name; ``server`` is empty when no place says where it lives, ``owner`` likewise."""

    name: str
    server: str = ""
    owner: str = ""
    created_by: tuple[Evidence, ...] = ()
    used_by: tuple[str, ...] = ()
    size_bytes: int | None = None

    def as_json(self) -> JsonObject:
        return {
            "name": self.name,
            "server": self.server,
            "owner": self.owner,
            "created_by": [at.place for at in self.created_by],
            "used_by": list(self.used_by),
        }


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """A service and what belongs to it; ``confidence`` is that of its surest evidence."""

    name: str
    databases: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    folder: str = ""

    @property
    def confidence(self) -> float:
        return max((at.confidence for at in self.evidence), default=0.0)

    def as_json(self) -> JsonObject:
        return {
            "name": self.name,
            "databases": list(self.databases),
            "schemas": list(self.schemas),
            "tables": list(self.tables),
            "evidence": [
                {"file": e.file, "line": e.line, "text": e.text} for e in (at.shown() for at in self.evidence)
            ],
            "confidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class Score:
    """What one criterion says of one layout: ``points`` of 0 to 100, and why."""

    layout: str
    criterion: str
    points: float
    weight: float
    reason: str
    evidence: tuple[Evidence, ...] = ()

    def as_json(self) -> JsonObject:
        return {
            "layout": self.layout,
            "criterion": self.criterion,
            "points": self.points,
            "weight": self.weight,
            "reason": self.reason,
            "evidence": [
                {"file": e.file, "line": e.line, "text": e.text} for e in (at.shown() for at in self.evidence)
            ],
        }


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The layout that scores best, the scores it was chosen by, and what would change it."""

    layout: str = ""
    scores: tuple[Score, ...] = ()
    reasons: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        return {"layout": self.layout, "scores": [s.as_json() for s in self.scores], "reasons": list(self.reasons)}


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything that is known of a platform, sorted; ``facts`` are what the readers said, for the conflicts.

    ``administrators`` are the logins that are superusers of the servers.
    """

    root: str = ""
    services: tuple[ServiceSeen, ...] = ()
    databases: tuple[DatabaseSeen, ...] = ()
    schemas: tuple[SchemaSeen, ...] = ()
    tables: tuple[TableSeen, ...] = ()
    uses: tuple[Use, ...] = ()
    crossings: tuple[CrossingSeen, ...] = ()
    facts: tuple[Fact, ...] = field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()
    recommendation: Recommendation = Recommendation()
    files: int = 0
    administrators: tuple[str, ...] = ()

    def of(self, kind: type[Kind]) -> tuple[Kind, ...]:
        """The facts of one kind."""
        return tuple(fact for fact in self.facts if isinstance(fact, kind))

    def service(self, name: str) -> ServiceSeen | None:
        return next((service for service in self.services if service.name == name), None)

    def database(self, name: str) -> DatabaseSeen | None:
        return next((database for database in self.databases if database.name == name), None)

    def as_json(self) -> JsonObject:
        """The document of ``freehold discover --json``, without what every command adds."""
        return {
            "root": self.root,
            "files": self.files,
            "services": [service.as_json() for service in self.services],
            "databases": [database.as_json() for database in self.databases],
            "findings": [finding.as_json() for finding in self.findings],
            "recommendation": self.recommendation.as_json(),
        }
