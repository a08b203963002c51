"""A lint: a pure function from a platform to notes about what is wrong or risky in its declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from freehold import family
from freehold.spec.model import Platform

LintLevel = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Note:
    """One thing a lint found: where (parts of a path), what, and what to do.

    ``service`` and ``object`` make the key ``code:service:object`` under which a warning can be ignored;
    ``text`` is shown in place of what the file says there.
    """

    path: tuple[str | int, ...]
    message: str
    hint: str
    service: str = ""
    object: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lint:
    """A member of the family: ``run(platform, today)``; ``today`` is an ISO day, empty when nobody knows it."""

    name: str
    level: LintLevel
    run: Callable[[Platform, str], Iterator[Note]]


def lint(level: LintLevel = "error") -> Callable[[Callable[[Platform], Iterator[Note]]], Lint]:
    """Make a lint of a function of the platform; the function's name is the code."""

    def made(check: Callable[[Platform], Iterator[Note]]) -> Lint:
        return Lint(check.__name__, level, lambda platform, today: check(platform))

    return made


def dated_lint(level: LintLevel = "error") -> Callable[[Callable[[Platform, str], Iterator[Note]]], Lint]:
    """The same for a function that also needs to know the day."""

    def made(check: Callable[[Platform, str], Iterator[Note]]) -> Lint:
        return Lint(check.__name__, level, check)

    return made


def members() -> Mapping[str, Lint]:
    """All lints by name."""
    return family.members("freehold.spec.lints", Lint)
