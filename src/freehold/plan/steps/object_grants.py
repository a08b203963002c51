"""Gives a service's logins their rights on the objects that exist already.

Why: default privileges reach only objects made after them; a table that a person or a restore made has none. One
statement for all objects of a kind, when any of them lacks the right.

Lock: none on table data; rows of pg_class and pg_proc.
Undo: revoked from exactly the objects that lacked it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.grants import GrantStep, acts_as, missing_on_all
from freehold.plan.look import look
from freehold.plan.model import Design, Phase, Step, StepKind
from freehold.plan.wanted import wanted


@dataclass(frozen=True, kw_only=True)
class ObjectGrants(GrantStep):
    """Rights of a service's logins on existing objects of one schema."""

    kind: ClassVar[str] = "object_grants"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 20


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        for name, schema in want.schemas.items():
            wishes = [wish for wish in schema.wishes if wish.origin == "own" and wish.on != "SCHEMA"]
            entries = [entry for wish in wishes if (entry := missing_on_all(seen, instance, database, wish))]
            if entries:
                yield ObjectGrants(
                    instance=instance,
                    database=database,
                    name=name,
                    service=schema.service,
                    entries=tuple(entries),
                    acting_as=acts_as(found, instance, schema.owner),
                )


object_grants = StepKind(wants=_wants)
