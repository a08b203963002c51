"""Lets a service read the tables of another service that its declaration names.

Why: whatever crosses a service boundary is declared; inside one database a declared read is USAGE on the schema and
SELECT on that table, or on all tables now and later. Across databases no grant reaches: the notes say so.

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
class Reads(GrantStep):
    """What one service may read of another's schema."""

    kind: ClassVar[str] = "reads"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 30


reads = StepKind(wants=wants_of("reads", Reads))
