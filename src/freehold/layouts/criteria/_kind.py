"""A criterion: a pure function from facts and an arrangement to what the arrangement loses, each loss with its
evidence.

Every layout begins with 100 points in every criterion and loses some for stated reasons, so that no point is gained or
lost without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from freehold import family
from freehold.finding import Evidence
from freehold.layouts.facts import Arrangement, Facts


@dataclass(frozen=True, slots=True)
class Loss:
    """Points that an arrangement loses, why, and where that is seen."""

    points: float
    text: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    """A member of the family. ``weight`` is the default. ``silent`` answers "" or why the criterion says nothing about
    these facts: then it counts for no layout."""

    name: str
    title: str
    weight: float
    losses: Callable[[Facts, Arrangement], Iterator[Loss]]
    silent: Callable[[Facts], str]

    def judge(self, facts: Facts, arrangement: Arrangement) -> tuple[float, tuple[Loss, ...]]:
        """The points from 0 to 100, and the losses, largest first; they add up to what is missing."""
        found = sorted(
            (loss for loss in self.losses(facts, arrangement) if loss.points > 0),
            key=lambda loss: (-loss.points, loss.text),
        )
        total = sum(loss.points for loss in found)
        if total > 100:
            found = [Loss(loss.points * 100 / total, loss.text, loss.evidence) for loss in found]
        return max(0.0, round(100 - min(total, 100), 6)), tuple(found)


def criterion(
    title: str, weight: float, silent: Callable[[Facts], str] = lambda facts: ""
) -> Callable[[Callable[[Facts, Arrangement], Iterator[Loss]]], Criterion]:
    """Make a criterion of the function that yields its losses; the function's name is its name."""

    def made(losses: Callable[[Facts, Arrangement], Iterator[Loss]]) -> Criterion:
        return Criterion(losses.__name__, title, weight, losses, silent)

    return made


def members() -> Mapping[str, Criterion]:
    """All criteria by name."""
    return family.members("freehold.layouts.criteria", Criterion)


def alone(facts: Facts) -> str:
    """Why most criteria say nothing about a single service."""
    return "" if len(facts.services) > 1 else "there is only one service"


def no_crossing(facts: Facts) -> str:
    """Why criteria about crossings say nothing."""
    return "" if facts.between else "nothing crosses between services"


def evidence_of(facts: Facts, names: Iterable[str]) -> tuple[Evidence, ...]:
    """Where the services of these names were seen."""
    return tuple(item for name in sorted(set(names)) for item in facts.places.get(name, ()))


def quoted(names: Iterable[str]) -> str:
    """Names for a sentence; the first five and how many more."""
    found = sorted(names)
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return ", ".join(f'"{name}"' for name in found[:5]) + more
