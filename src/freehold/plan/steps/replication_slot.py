"""Makes the replication slot that keeps what a replica has not yet seen.

Why: the slot is made by itself, before the subscription. A subscription that makes its own would wait for itself for
ever when both databases lie on one instance, and what a killed run left behind could not be told from a stranger's.
While the reader is away the slot keeps the log, up to max_slot_wal_keep_size; a slot that lost something is made anew.

Lock: none on tables; making a slot waits for every transaction of the instance that is writing.
Undo: the slot is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.linked import followable, replicas, slot_of
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.sqltext import Sql, ident, literal, sql


@dataclass(frozen=True, kw_only=True)
class ReplicationSlot(Step):
    """A logical slot in the source's database. ``lost``: one of this name is there and no longer of use."""

    kind: ClassVar[str] = "replication_slot"
    phase: ClassVar[Phase] = Phase.LINKS
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "none on tables; waits for transactions that write"
    transactional: ClassVar[bool] = False

    lost: bool

    def say(self) -> str:
        verb = "make anew the" if self.lost else "create"
        return f"{verb} replication slot {ident(self.name)}, which keeps what the replica has not yet seen"

    def do(self) -> tuple[Effect, ...]:
        create = sql("SELECT pg_catalog.pg_create_logical_replication_slot({}, 'pgoutput')", literal(self.name))
        return (*((Statement(drop_slot(self.name)),) if self.lost else ()), Statement(create))

    def undo(self) -> tuple[Effect, ...]:
        return (Statement(drop_slot(self.name)),)

    def done(self, found: Found) -> bool:
        slot = slot_of(found, self.instance, self.name)
        return slot is not None and not slot.lost and slot.database == self.database


def drop_slot(name: str) -> Sql:
    """Drops a slot if it is there; refused while somebody follows it."""
    return sql(
        "SELECT pg_catalog.pg_drop_replication_slot(s.slot_name) FROM pg_catalog.pg_replication_slots AS s"
        " WHERE s.slot_name = {}",
        literal(name),
    )


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for link in replicas(design, found):
        instance, database = link.source
        if not followable(design, found, link):
            continue  # said in the notes
        have = slot_of(found, instance, link.name)
        yield ReplicationSlot(
            instance=instance,
            database=database,
            name=link.name,
            action=Action.CREATE if have is None else Action.ALTER,
            lost=have is not None,
        )


replication_slot = StepKind(wants=_wants)
