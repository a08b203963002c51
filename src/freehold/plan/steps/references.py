"""Lets a service's owner role make the foreign keys into another service that its declaration names.

Why: REFERENCES on a table lets its holder learn which keys exist and stop their deletion, so it is given on that one
table to the owner role alone, after the referenced service's migrations and before those of the service that refers.

Lock: none on table data; rows of pg_class and pg_namespace.
Undo: what was given is taken back; PostgreSQL keeps foreign keys that were made meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.crossing import wants_of
from freehold.plan.grants import GrantStep
from freehold.plan.model import Design, Phase, Step, StepKind
from freehold.plan.wanted import wanted


@dataclass(frozen=True, kw_only=True)
class References(GrantStep):
    """What the owner role of one service may refer to in another's schema."""

    kind: ClassVar[str] = "references"
    phase: ClassVar[Phase] = Phase.MIGRATIONS
    rank: ClassVar[int] = 10

    turn: int = 0

    @property
    def place(self) -> int:
        return self.turn


_asked = wants_of("references", References)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for step in _asked(design, found):
        order = wanted(design).databases[step.instance, str(step.database)].order
        yield replace(step, turn=order.get(step.service, 0))


references = StepKind(wants=_wants)
