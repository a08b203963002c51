"""The order of steps and the batches in which they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freehold.plan.model import Phase, Step


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps that are sent together, in order, to one database (None: the maintenance database) of one instance.

    ``transactional``: all of them in one transaction. Otherwise the batch is one step, sent without one. A
    migration file is always a batch of its own, because each file is a transaction of its own.
    """

    instance: str
    database: str | None
    phase: Phase
    steps: tuple[Step, ...]
    transactional: bool


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps by phase, instance, database, turn of the service, rank of the kind, service and name."""
    return tuple(sorted(steps, key=_position))


def _position(step: Step) -> tuple[int, str, str, int, int, str, str, str]:
    return (
        step.phase,
        step.instance,
        step.database or "",
        step.place,
        step.rank,
        step.kind,
        step.service,
        step.name,
    )


def batches(steps: Sequence[Step]) -> tuple[Batch, ...]:
    """Ordered steps cut into batches. Batches of one phase are independent between instances and, for INSIDE,
    MIGRATIONS and AFTER, between databases; those of one place keep their order."""
    return _cut(in_order(steps))


def undo_batches(steps: Sequence[Step]) -> tuple[Batch, ...]:
    """The batches in which to undo the steps: exactly the reverse of the order in which they were done."""
    return _cut(tuple(reversed(in_order(steps))))


def _cut(steps: Sequence[Step]) -> tuple[Batch, ...]:
    found: list[Batch] = []
    together: list[Step] = []
    for step in steps:
        if together and not _same(together[-1], step):
            found.append(_batch(together))
            together = []
        together.append(step)
    if together:
        found.append(_batch(together))
    return tuple(found)


def _same(one: Step, other: Step) -> bool:
    return (
        (one.phase, one.instance, one.database) == (other.phase, other.instance, other.database)
        and one.transactional
        and other.transactional
        and one.phase is not Phase.MIGRATIONS
    )


def _batch(steps: Sequence[Step]) -> Batch:
    first = steps[0]
    return Batch(first.instance, first.database, first.phase, tuple(steps), all(step.transactional for step in steps))
