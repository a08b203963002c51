"""The nouns of applying: what was done, and how the steps fall into waves that may run side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from freehold.plan.model import Phase
from freehold.plan.order import Batch

Lane = tuple[Batch, ...]
"""Batches that run one after the other, in this order."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one batch took, waiting for locks included."""

    instance: str
    database: str
    phase: str
    steps: int
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did. ``journal_id`` is the run in ``freehold.journal``; ``restart_needed`` names instances whose
    new settings wait for a restart."""

    applied: int = 0
    failed: int = 0
    journal_id: str = ""
    batches: tuple[Timing, ...] = ()
    restart_needed: tuple[str, ...] = ()


_PER_DATABASE = frozenset(
    {Phase.INSIDE, Phase.MIGRATIONS, Phase.AFTER, Phase.UNLINKS, Phase.LINKS, Phase.SUBSCRIPTIONS}
)


def waves(batches: Iterable[Batch]) -> tuple[tuple[Lane, ...], ...]:
    """One wave for each phase, in the order of ``batches``; the lanes of a wave are independent of each other.

    A lane is one database where the phase works inside databases, else one instance.
    """
    by_phase: dict[Phase, dict[tuple[str, str], list[Batch]]] = {}
    for batch in batches:
        place = (batch.instance, (batch.database or "") if batch.phase in _PER_DATABASE else "")
        by_phase.setdefault(batch.phase, {}).setdefault(place, []).append(batch)
    return tuple(tuple(tuple(lane) for _, lane in sorted(lanes.items())) for lanes in by_phase.values())
