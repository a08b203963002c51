"""The one shape in which lints, proofs, checks and advice report what they found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

JsonObject = dict[str, object]


class Level(StrEnum):
    """How much a finding matters; ``error`` makes a run fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a finding was seen: a place in a file, or (file empty, line 0) text from a server."""

    text: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is true and matters.

    ``code`` names the family member that found it; ``object`` is the object in PostgreSQL's words
    (``table "s"."t"``); ``remedy`` is SQL or a command; ``key`` is stable between runs, for ``ignore:``.
    """

    code: str
    level: Level
    service: str
    object: str
    title: str
    detail: str
    evidence: tuple[Evidence, ...] = ()
    remedy: str = ""

    @property
    def key(self) -> str:
        return f"{self.code}:{self.service}:{self.object}"

    def as_json(self) -> JsonObject:
        """The finding with the keys other programs rely on."""
        return {
            "code": self.code,
            "level": self.level.value,
            "service": self.service,
            "object": self.object,
            "title": self.title,
            "detail": self.detail,
            "evidence": [{"file": e.file, "line": e.line, "text": e.text} for e in self.evidence],
            "remedy": self.remedy,
            "key": self.key,
        }
