"""A check: a pure function from what both servers say to notes about what is in the way of a move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from freehold import family
from freehold.finding import Finding, Level
from freehold.move.facts import Facts, SideFacts
from freehold.sqltext import quote_ident

FAMILY = "freehold.move.preflight"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing in the way. ``object`` is in PostgreSQL's words, ``remedy`` SQL or a command that takes it away;
    ``level`` replaces the check's own where one case is worse or better than the rest."""

    object: str
    title: str
    remedy: str
    detail: str = ""
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A member of the family. An ``error`` keeps the move from starting."""

    name: str
    level: Level
    run: Callable[[Facts], Iterator[Note]]


def check(level: Level = Level.ERROR) -> Callable[[Callable[[Facts], Iterator[Note]]], Check]:
    """Make a check of a function of the facts; the function's name is the code."""
    return lambda run: Check(run.__name__, level, run)


def members() -> Mapping[str, Check]:
    """All checks by name."""
    return family.members(FAMILY, Check)


def findings(facts: Facts) -> tuple[Finding, ...]:
    """Everything that is in the way, the blockers first."""
    order = list(Level)
    found = [
        Finding(
            one.name, note.level or one.level, facts.move.service, note.object, note.title, note.detail, (), note.remedy
        )
        for one in members().values()
        for note in one.run(facts)
    ]
    return tuple(sorted(found, key=lambda one: order.index(one.level)))


def instance(side: SideFacts) -> str:
    """An instance as an object of a finding."""
    return f"instance {quote_ident(side.side.instance)}"


def database(side: SideFacts) -> str:
    """A database as an object of a finding."""
    return f"database {quote_ident(side.side.database)} on {instance(side)}"
