"""Gives an object in a service's schema to the service's owner role.

Why: whoever owns a table may grant it to anybody. An object that a person or a restore made belongs to that login.
Such objects are always listed; they change hands only when the declaration is authoritative.

Lock: ACCESS EXCLUSIVE on a table, for an instant.
Undo: the object goes back to its former owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found, Object
from freehold.plan.grants import object_sql
from freehold.plan.look import RELATIONS, ROUTINES, look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.sqltext import Sql, ident, sql, words

OWNED = RELATIONS | ROUTINES | {"SEQUENCE", "TYPE", "DOMAIN"}


@dataclass(frozen=True, kw_only=True)
class ObjectOwner(Step):
    """An object whose owner is not the owner role of its schema's service."""

    kind: ClassVar[str] = "object_owner"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 10
    lock: ClassVar[str] = "ACCESS EXCLUSIVE on the table, for an instant"

    item: Object
    owner: str

    @property
    def place(self) -> int:
        # a sequence that belongs to a column follows its table, and may not be changed before it
        return 1 if self.item.kind == "SEQUENCE" else 0

    def say(self) -> str:
        return (
            f"alter {self.item.kind.lower()} {ident(self.item.schema, self.item.name)}: owner {ident(self.owner)} "
            f"(was {ident(self.item.owner)})"
        )

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("ALTER {} OWNER TO {}", self._what(), ident(self.owner))),)

    def undo(self) -> tuple[Effect, ...]:
        return (Statement(sql("ALTER {} OWNER TO {}", self._what(), ident(self.item.owner))),)

    def _what(self) -> Sql:
        if self.item.kind in RELATIONS - {"TABLE", "PARTITIONED TABLE"}:
            return sql("{} {}", words(self.item.kind), ident(self.item.schema, self.item.name))
        return object_sql(self.item)

    def done(self, found: Found) -> bool:
        item = look(found).item(self.instance, self.database or "", self.item)
        return item is None or item.owner == self.owner


def _wants(design: Design, found: Found) -> Iterator[Step]:
    return iter(())


def _drift(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        for name, schema in want.schemas.items():
            for item in seen.objects(instance, database).get(name, ()):
                if item.owner != schema.owner and item.kind in OWNED:
                    yield ObjectOwner(
                        instance=instance,
                        database=database,
                        name=f"{item.kind} {item.schema}.{item.name}({item.arguments})",
                        service=schema.service,
                        action=Action.ALTER,
                        destructive=True,
                        item=item,
                        owner=schema.owner,
                    )


object_owner = StepKind(wants=_wants, drift=_drift)
