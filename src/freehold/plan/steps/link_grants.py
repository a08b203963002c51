"""Lets the logins of links read, at the source, exactly the tables that are declared.

Why: a service that reads in another database comes there under a login of its own, which owns nothing and may do
nothing but SELECT on what its service declares. What it holds beyond that is revoked by the next apply.

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
class LinkGrants(GrantStep):
    """What links of one service may read of one schema."""

    kind: ClassVar[str] = "link_grants"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 34


link_grants = StepKind(wants=wants_of("links", LinkGrants))
