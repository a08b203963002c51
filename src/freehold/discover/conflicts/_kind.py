"""A conflict: a pure function from everything discovered to notes about what does not fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from freehold import family
from freehold.discover.model import CrossingSeen, Discovery, Evidence
from freehold.finding import Finding, Level


@dataclass(frozen=True, slots=True)
class Note:
    """One thing a conflict found; ``object`` in PostgreSQL's words, ``evidence`` every place that says so."""

    service: str
    object: str
    title: str
    detail: str
    evidence: tuple[Evidence, ...]
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A member of the family."""

    name: str
    level: Level
    run: Callable[[Discovery], Iterator[Note]]

    def findings(self, discovery: Discovery) -> Iterator[Finding]:
        for note in self.run(discovery):
            yield Finding(
                code=self.name,
                level=self.level,
                service=note.service,
                object=note.object,
                title=note.title,
                detail=note.detail,
                evidence=tuple(at.shown() for at in note.evidence),
                remedy=note.remedy,
            )


def conflict(level: str) -> Callable[[Callable[[Discovery], Iterator[Note]]], Conflict]:
    """Make a conflict of a function; the function's name is the code of its findings."""

    def made(run: Callable[[Discovery], Iterator[Note]]) -> Conflict:
        return Conflict(run.__name__, Level(level), run)

    return made


def members() -> Mapping[str, Conflict]:
    """Every conflict by name."""
    return family.members("freehold.discover.conflicts", Conflict)


def crossing(name: str, level: str, verb: str, *how: str) -> Conflict:
    """A conflict of crossings of these kinds; ``verb`` is what the one service does to the other's table."""
    return Conflict(name, Level(level), lambda discovery: _crossings(discovery, how, verb))


def _crossings(discovery: Discovery, how: tuple[str, ...], verb: str) -> Iterator[Note]:
    """One note for each pair of services and table."""
    found: dict[tuple[str, str, str], list[CrossingSeen]] = {}
    for crossing in discovery.crossings:
        if crossing.how in how:
            found.setdefault((crossing.service, crossing.to_service, crossing.to_table), []).append(crossing)
    for (service, other, table), seen in sorted(found.items()):
        yield Note(
            service,
            f'table "{table}"',
            f'"{service}" {verb} table "{table}" of "{other}"',
            f"{len(seen)} {'place' if len(seen) == 1 else 'places'}: {', '.join(c.at.place for c in seen[:6])}.",
            tuple(crossing.at for crossing in seen[:6]),
        )
