"""A recommendation: the best layout, what speaks for it against the next one, and what would turn it over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from freehold.layouts.criteria._kind import Loss, alone, members, no_crossing
from freehold.layouts.facts import Facts, ServiceFact
from freehold.layouts.score import ORDER, Scored, Scores, Weights, default_weights, score
from freehold.spec.model import Layout, Profile

CLOSE = 2.0
"""Two layouts whose scores differ by less are as good as equal: then the reasons decide, not the number."""

_LEAST = 1e-6
_TRIED = 20
"""Services whose absence is tried; of more services those that the most crossings touch, classified ones first."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A criterion in which the two best layouts differ: ``gain`` is what it adds to the score of the best one
    (below 0 where it speaks against it), ``losses`` are those of the one that has less."""

    criterion: str
    title: str
    gain: float
    points: float
    rival_points: float
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """What would make another layout the best one."""

    change: str
    layout: Layout
    distance: float
    """How large the change is, for those of weights: the factor by which a weight is off; 0 for changes of facts."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The recommendation for one set of facts. ``rival`` is the next best layout, None when there is no other."""

    scores: Scores
    rival: Scored | None
    reasons: tuple[Reason, ...]
    flips: tuple[Flip, ...]

    @property
    def layout(self) -> Layout:
        return self.scores.best.layout


def advise(facts: Facts, weights: Weights | None = None) -> Advice:
    """Recommend a layout."""
    chosen = weights if weights is not None else default_weights()
    scores = score(facts, chosen)
    rival = scores.layouts[1] if len(scores.layouts) > 1 else None
    flips = (*_by_weight(scores, chosen), *_by_fact(facts, chosen, scores.best.layout))
    return Advice(scores, rival, _reasons(scores.best, rival), flips)


def sentence(reason: Reason, advice: Advice) -> str:
    """A reason in one sentence."""
    rival = advice.rival.layout.value if advice.rival else ""
    side = "for" if reason.gain > 0 else "against"
    why = f": {reason.losses[0].text}" if reason.losses else ""
    more = f" (and {len(reason.losses) - 1} more)" if len(reason.losses) > 1 else ""
    loser = rival if reason.gain > 0 else advice.layout.value
    return (
        f"{side} it: {reason.title}, {reason.points:.0f} points against {reason.rival_points:.0f} of {rival};"
        f" {loser} loses{why}{more}"
    )


def _reasons(best: Scored, rival: Scored | None) -> tuple[Reason, ...]:
    if rival is None:
        return ()
    total = sum(one.weight for one in best.judged) or 1.0
    found = []
    for one, other in zip(best.judged, rival.judged, strict=True):
        gain = one.weight * (one.points - other.points) / total
        if abs(gain) > _LEAST:
            losses = other.losses if gain > 0 else one.losses
            found.append(Reason(one.criterion, one.title, round(gain, 6), one.points, other.points, losses))
    return tuple(sorted(found, key=lambda reason: (-reason.gain, reason.criterion)))


def _by_weight(scores: Scores, weights: Weights) -> Iterator[Flip]:
    """For each criterion the nearest weight at which another layout wins, nearest first."""
    best = scores.best
    found: list[Flip] = []
    for judged in best.judged:
        nearest: tuple[float, float] | None = None
        for other in scores.layouts[1:]:
            lead = sum(weights[one.criterion] * (one.points - other.points(one.criterion)) for one in best.judged)
            slope = judged.points - other.points(judged.criterion)
            if abs(slope) < _LEAST:
                continue
            wanted = judged.weight - lead / slope
            # a hair beyond the point where both are equal
            wanted += 1e-4 if wanted > judged.weight else -1e-4
            if 0 <= wanted <= 100 and (nearest is None or abs(wanted - judged.weight) < nearest[0]):
                nearest = abs(wanted - judged.weight), wanted
        if nearest is None:
            continue
        winner = _winner(scores, {**weights, judged.criterion: nearest[1]})
        if winner is not best.layout:
            more = "above" if nearest[1] > judged.weight else "below"
            change = f"a weight of {judged.criterion} {more} {nearest[1]:.1f} (it is {judged.weight:g})"
            low, high = sorted((nearest[1], judged.weight))
            found.append(Flip(change, winner, round(high / low, 6) if low > 0 else 1000.0))
    yield from sorted(found, key=lambda flip: (flip.distance, flip.change))


def _winner(scores: Scores, weights: Weights) -> Layout:
    def mean(one: Scored) -> float:
        return sum(weights[judged.criterion] * judged.points for judged in one.judged)

    return min(scores.layouts, key=lambda one: (-round(mean(one), 9), ORDER.index(one.layout))).layout


def _by_fact(facts: Facts, weights: Weights, best: Layout) -> Iterator[Flip]:
    """Which other facts would give another answer."""
    for change, other in _others(facts):
        winner = score(other, weights).best.layout
        if winner is not best:
            yield Flip(change, winner, 0.0)


def _others(facts: Facts) -> Iterator[tuple[str, Facts]]:
    services = facts.services
    if any(service.classification for service in services):
        plain = tuple(replace(service, classification=()) for service in services)
        yield "no service is classified", replace(facts, services=plain)
    tried = _weighty(facts)
    for service in tried:
        if "pci" in service.classification:
            fewer = tuple(
                replace(one, classification=tuple(c for c in one.classification if c != "pci"))
                if one is service
                else one
                for one in services
            )
            yield f'"{service.name}" has no pci data', replace(facts, services=fewer)
    if not no_crossing(facts):
        yield "nothing crosses between services", replace(facts, crossings=())
    if not members()["noisy_neighbour"].silent(facts):
        calm = tuple(replace(service, profile=Profile.DEFAULT) for service in services)
        yield "all services have the same profile", replace(facts, services=calm)
    if any(service.connections for service in services):
        yield (
            "connections are no concern (pools, or a larger max_connections)",
            replace(facts, max_connections=1_000_000),
        )
    if facts.homes:
        yield "moving costs nothing", replace(facts, homes={}, shared_login=False)
    if not alone(facts):
        for service in tried:
            rest = tuple(one for one in services if one is not service)
            yield f'service "{service.name}" is gone', replace(facts, services=rest)


def _weighty(facts: Facts) -> tuple[ServiceFact, ...]:
    touched = Counter(name for one in facts.between for name in (one.service, one.other))
    order = sorted(facts.services, key=lambda one: (not one.classification, -touched[one.name], one.name))
    chosen = set(order[:_TRIED])
    return tuple(service for service in facts.services if service in chosen)
