"""Makes the control schema in which Freehold keeps its journal and its ledger of migrations.

Why: what was done to a database is written in that database, in the same transaction; a local file can be lost or
lie. The schema belongs to the admin login and nobody else has any right in it.

Lock: none on user data.
Undo: the schema is kept: it tells what was done, also what was undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.control import control_sql
from freehold.found.model import CONTROL_SCHEMA, Found
from freehold.plan.look import look
from freehold.plan.model import Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.sqltext import ident


@dataclass(frozen=True, kw_only=True)
class ControlSchema(Step):
    """The control schema of one database."""

    kind: ClassVar[str] = "control_schema"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 10
    lock: ClassVar[str] = "none on user data"

    def say(self) -> str:
        return f"create schema {ident(self.name)} for the journal and the ledger of migrations; undo keeps it"

    def do(self) -> tuple[Effect, ...]:
        return tuple(Statement(statement) for statement in control_sql())

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        return look(found).contents(self.instance, self.database).has_control


def _wants(design: Design, found: Found) -> Iterator[Step]:
    """Where contents of a maintenance database were not read, apply makes its journal anyway before the first step."""
    seen = look(found)
    for instance in wanted(design).roles:
        maintenance = seen.database(instance, None)
        if maintenance is not None and maintenance.contents is not None:
            yield ControlSchema(instance=instance, name=CONTROL_SCHEMA)
    for instance, name in wanted(design).databases:
        if instance in found.servers:
            yield ControlSchema(instance=instance, database=name, name=CONTROL_SCHEMA)


control_schema = StepKind(wants=_wants)
