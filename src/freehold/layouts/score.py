"""Scores of all layouts for given facts, the one that is recommended, why, and what would change the answer.

A layout's score is the mean of its points over the criteria that say something, by their weights. Nothing else enters:
the same facts in any order give the same scores, and every missing point has its reason (``Judged.losses``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from freehold.errors import FreeholdError
from freehold.layouts.criteria._kind import Criterion, Loss, members
from freehold.layouts.facts import Facts, arrange
from freehold.spec.model import Layout

Weights = Mapping[str, float]

ORDER = (
    Layout.CENTRAL,
    Layout.SCHEMA_PER_SERVICE,
    Layout.DATABASE_PER_SERVICE,
    Layout.GROUPS,
    Layout.INSTANCE_PER_SERVICE,
)
"""From the least to the most that is apart; of two layouts with equal scores the first one is recommended."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion of one layout: ``points`` of 100, and why the others are missing."""

    criterion: str
    title: str
    weight: float
    points: float
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """One layout with its score from 0 to 100."""

    layout: Layout
    score: float
    judged: tuple[Judged, ...]

    def points(self, criterion: str) -> float:
        """The points of one criterion. Raises KeyError for one that says nothing."""
        for one in self.judged:
            if one.criterion == criterion:
                return one.points
        raise KeyError(criterion)


@dataclass(frozen=True, slots=True)
class Scores:
    """Every layout that can be judged, best first. ``silent`` are criteria that say nothing, with the reason;
    ``unjudged`` are layouts that cannot be judged, with the reason."""

    layouts: tuple[Scored, ...]
    silent: Mapping[str, str]
    unjudged: Mapping[str, str]

    @property
    def best(self) -> Scored:
        return self.layouts[0]

    @property
    def margin(self) -> float:
        """How far the best one is ahead of the next."""
        return round(self.layouts[0].score - self.layouts[1].score, 6) if len(self.layouts) > 1 else 0.0

    def of(self, layout: Layout) -> Scored | None:
        """The score of one layout; None when it was not judged."""
        return next((one for one in self.layouts if one.layout is layout), None)


def default_weights() -> Weights:
    """The weights that the criteria themselves declare."""
    return MappingProxyType({name: one.weight for name, one in members().items()})


def weights_of(given: Mapping[str, float]) -> Weights:
    """The default weights with some replaced. Raises FreeholdError for an unknown criterion, a weight that is no
    number from 0 to 100, and for weights that leave nothing to count."""
    known = default_weights()
    for name, weight in given.items():
        if name not in known:
            raise FreeholdError(f'there is no criterion "{name}"', hint=f"There are: {', '.join(known)}.")
        if not 0 <= weight <= 100:
            raise FreeholdError(f'the weight of "{name}" is {weight:g}', hint="Give a number from 0 to 100.")
    found = {**known, **given}
    if not any(found.values()):
        raise FreeholdError("all weights are 0", hint="Leave at least one criterion a weight.")
    return MappingProxyType(found)


def score(facts: Facts, weights: Weights | None = None) -> Scores:
    """Judge every layout."""
    chosen = weights if weights is not None else default_weights()
    silent: dict[str, str] = {}
    speaking: list[Criterion] = []
    for name, one in members().items():
        if reason := one.silent(facts):
            silent[name] = reason
        else:
            speaking.append(one)
    unjudged: dict[str, str] = {}
    found: list[Scored] = []
    for layout in ORDER:
        if layout is Layout.GROUPS and not facts.groups:
            unjudged[layout.value] = "no groups are declared"
            continue
        found.append(_one(facts, layout, speaking, chosen))
    found.sort(key=lambda one: (-one.score, ORDER.index(one.layout)))
    return Scores(tuple(found), MappingProxyType(silent), MappingProxyType(unjudged))


def _one(facts: Facts, layout: Layout, speaking: list[Criterion], weights: Weights) -> Scored:
    arrangement = arrange(facts, layout)
    judged = []
    for one in speaking:
        points, losses = one.judge(facts, arrangement)
        judged.append(Judged(one.name, one.title, weights[one.name], points, losses))
    return Scored(layout, _mean(judged), tuple(judged))


def _mean(judged: list[Judged]) -> float:
    total = sum(one.weight for one in judged)
    # all that speaks may have the weight 0: then nothing tells the layouts apart
    return round(sum(one.weight * one.points for one in judged) / total, 6) if total else 0.0
