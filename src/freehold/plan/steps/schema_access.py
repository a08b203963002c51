"""Lets a service's logins use its schemas, and nobody else.

Why: without USAGE on a schema no table in it can be reached, whatever its own grants say. CREATE stays with the
owner role.

Lock: none on tables; a row of pg_namespace.
Undo: the USAGE that was given is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.grants import Entry, GrantStep, OnSchema, acts_as
from freehold.plan.look import look
from freehold.plan.model import Design, Phase, Step, StepKind
from freehold.plan.wanted import wanted


@dataclass(frozen=True, kw_only=True)
class SchemaAccess(GrantStep):
    """USAGE on one schema for its service's logins."""

    kind: ClassVar[str] = "schema_access"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 40


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        schemas = seen.contents(instance, database).schemas
        for name, schema in want.schemas.items():
            row = schemas.get(name)
            entries: list[Entry] = []
            for wish in schema.wishes:
                if wish.origin == "own" and wish.on == "SCHEMA":
                    lost = seen.lacks(row.acl, wish.grantee, wish.privileges) if row else wish.privileges
                    if lost:
                        entries.append(OnSchema(wish.grantee, lost, name))
            if entries:
                yield SchemaAccess(
                    instance=instance,
                    database=database,
                    name=name,
                    service=schema.service,
                    entries=tuple(entries),
                    acting_as=acts_as(found, instance, schema.owner),
                )


schema_access = StepKind(wants=_wants)
