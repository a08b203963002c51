"""Lets the platform's analytics login read what a service publishes.

Why: analysts read what a service chose to show and nothing else: USAGE on the schema and SELECT on the tables
named, or on all tables now and later.

Lock: none on table data; rows of pg_class and pg_namespace.
Undo: what was given is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from freehold.plan.crossing import wants_of
from freehold.plan.grants import GrantStep
from freehold.plan.model import Phase, StepKind


@dataclass(frozen=True, kw_only=True)
class Publishes(GrantStep):
    """What analytics may read of a schema."""

    kind: ClassVar[str] = "publishes"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 40


publishes = StepKind(wants=wants_of("publishes", Publishes))
