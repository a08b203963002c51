"""Lets the platform's analytics login read what a service publishes.

Why: analysts read what a service chose to show and nothing else: USAGE on the schema and SELECT on the tables
named, or on all tables now and later.

Lock: none on table data; rows of pg_class and pg_namespace.
Undo: what was given is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.grants import GrantStep, acts_as, has_pending, missing
from freehold.plan.model import Design, Phase, Step, StepKind
from freehold.plan.wanted import wanted


@dataclass(frozen=True, kw_only=True)
class Publishes(GrantStep):
    """What analytics may read of a schema."""

    kind: ClassVar[str] = "publishes"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 40


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for (instance, database), want in wanted(design).databases.items():
        for name, schema in want.schemas.items():
            wishes = [wish for wish in schema.wishes if wish.origin == "publishes"]
            if not wishes:
                continue
            pending = has_pending(design, found, want, schema.service)
            for service in sorted({wish.service for wish in wishes}):
                mine = [wish for wish in wishes if wish.service == service]
                entries = tuple(missing(found, want, mine, pending=pending))
                if entries:
                    yield Publishes(
                        instance=instance,
                        database=database,
                        name=name,
                        service=service,
                        entries=entries,
                        acting_as=acts_as(found, instance, schema.owner),
                    )


publishes = StepKind(wants=_wants)
