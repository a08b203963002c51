"""A check: looks at everything a server showed, and answers what it looked at, what is wrong, or why nobody can tell.

A check that finds nothing wrong earns its point; one that could not look earns none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from freehold import family
from freehold.discover.live.view import View
from freehold.finding import Evidence, Finding, Level

_ORDER = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong."""

    object: str
    title: str
    detail: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check saw. ``looked`` says at what; ``unknown`` why nobody can tell, empty when somebody can."""

    looked: str
    wrong: tuple[Wrong, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A member of the family."""

    name: str
    title: str
    level: Level
    run: Callable[[View], Answer]


@dataclass(frozen=True, slots=True)
class Checked:
    """A check with its answer. ``state`` is passed, failed or unknown."""

    check: Check
    answer: Answer

    @property
    def state(self) -> str:
        if self.answer.unknown:
            return "unknown"
        return "failed" if self.answer.wrong else "passed"


def check(title: str, level: str = "warning") -> Callable[[Callable[[View], Answer]], Check]:
    """Make a check of a function; its name is the code of what it finds."""

    def made(run: Callable[[View], Answer]) -> Check:
        return Check(run.__name__, title, Level(level), run)

    return made


def members() -> Mapping[str, Check]:
    """All checks by name."""
    return family.members("freehold.discover.live.checks", Check)


def readiness(view: View) -> tuple[Checked, ...]:
    """Every check with its answer, by name."""
    return tuple(Checked(one, one.run(view)) for one in members().values())


def findings(view: View) -> tuple[Finding, ...]:
    """What is wrong, worst first, and what could not be seen."""
    found = [
        Finding(
            code=one.check.name,
            level=one.check.level,
            service=wrong.service,
            object=wrong.object,
            title=wrong.title,
            detail=wrong.detail,
            evidence=tuple(Evidence(text) for text in wrong.evidence),
            remedy=wrong.remedy,
        )
        for one in readiness(view)
        for wrong in one.answer.wrong
    ]
    found += [
        Finding("not_seen", Level.INFO, "", unseen.what, f"not seen: {unseen.what}", unseen.why, (), unseen.remedy)
        for unseen in view.live.unseen
    ]
    return tuple(sorted(found, key=lambda one: (_ORDER[one.level], one.code, one.object)))


def unread(view: View) -> str:
    """Why nothing can be said for certain of what databases hold; empty when all of them were read."""
    live = view.live
    if not any(database.contents is not None for database in live.databases.values()):
        return "no database could be entered"
    closed = [
        name
        for name, database in live.server.databases.items()
        if not database.is_template and name in live.databases and live.databases[name].contents is None
    ]
    return f"not read: {', '.join(sorted(closed))}" if closed else ""


def setting(view: View, name: str) -> str | None:
    """The value that the server runs with; None where it is hidden from this login."""
    found = view.live.server.settings.get(name)
    return found.value if found is not None else None


def off(view: View, names: Iterable[str], why: Mapping[str, str]) -> tuple[Wrong, ...]:
    """One complaint for each setting that is off."""
    return tuple(
        Wrong(f"setting {name}", f"{name} is off", why[name], (f"{name} = off",), f"ALTER SYSTEM SET {name} = on;")
        for name in names
        if setting(view, name) == "off"
    )
