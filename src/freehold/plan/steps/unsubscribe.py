"""Ends what follows another database: subscriptions, slots and publications of links that are gone or have broken.

Why: a slot that nobody reads keeps the log for ever, and a subscription that nobody wants goes on copying. They end in
the order in which nothing is left behind: the subscription first, with its slot; a slot that is left; the publication.
A subscription whose slot is lost is ended too, and made anew by the same plan.

Lock: SHARE UPDATE EXCLUSIVE on the tables of a publication that goes; none on other tables.
Undo: none; declare the read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.linked import ours, replicas, slot_of, stuck
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.sqltext import ident, literal, sql


@dataclass(frozen=True, kw_only=True)
class DropSubscription(Step):
    """A subscription that ends. ``why`` is not empty when it is made anew; ``slot`` says that it can drop its slot."""

    kind: ClassVar[str] = "drop_subscription"
    phase: ClassVar[Phase] = Phase.UNLINKS
    rank: ClassVar[int] = 10
    lock: ClassVar[str] = "none on tables"
    transactional: ClassVar[bool] = False
    action: Action = Action.DROP

    why: str
    slot: bool

    def say(self) -> str:
        if self.why:
            return (
                f"drop subscription {ident(self.name)} and make it anew, because {self.why}: replicas are copied again"
            )
        return f"drop subscription {ident(self.name)}, which nobody asks for any more; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        alone = () if self.slot else (sql("ALTER SUBSCRIPTION {} SET (slot_name = NONE)", ident(self.name)),)
        every = (
            sql("ALTER SUBSCRIPTION {} DISABLE", ident(self.name)),
            *alone,
            sql("DROP SUBSCRIPTION {}", ident(self.name)),
        )
        return tuple(Statement(statement) for statement in every)

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        server = found.servers.get(self.instance)
        return server is not None and (self.database, self.name) not in server.subscriptions


@dataclass(frozen=True, kw_only=True)
class DropSlot(Step):
    """A slot of a link that is gone, if its subscription did not take it along."""

    kind: ClassVar[str] = "drop_replication_slot"
    phase: ClassVar[Phase] = Phase.LINKS
    rank: ClassVar[int] = 60
    lock: ClassVar[str] = "none"
    transactional: ClassVar[bool] = False
    action: Action = Action.DROP
    destructive: bool = True

    def say(self) -> str:
        return f"drop replication slot {ident(self.name)}, which nobody follows any more; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        return (
            Statement(
                sql(
                    "SELECT pg_catalog.pg_drop_replication_slot(s.slot_name) FROM pg_catalog.pg_replication_slots AS s"
                    " WHERE s.slot_name = {}",
                    literal(self.name),
                )
            ),
        )

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        return slot_of(found, self.instance, self.name) is None


@dataclass(frozen=True, kw_only=True)
class DropPublication(Step):
    """A publication of a link that is gone."""

    kind: ClassVar[str] = "drop_publication"
    phase: ClassVar[Phase] = Phase.SUBSCRIPTIONS
    rank: ClassVar[int] = 80
    lock: ClassVar[str] = "SHARE UPDATE EXCLUSIVE on its tables"
    action: Action = Action.DROP
    destructive: bool = True

    def say(self) -> str:
        return f"drop publication {ident(self.name)}, which nobody follows any more; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP PUBLICATION {}", ident(self.name))),)

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        publications = look(found).contents(self.instance, self.database).publications
        return all(one.name != self.name for one in publications)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    wanted_links = {link.name: link for link in design.placements.links if link.replica_login}
    possible = {link.name for link in replicas(design, found)}
    for instance, server in sorted(found.servers.items()):
        for database, name in server.subscriptions:
            link = wanted_links.get(name)
            if not ours(design, name) or (link is not None and name not in possible):
                continue
            why = stuck(design, found, link) if link is not None else ""
            if link is None or why:
                yield DropSubscription(
                    instance=instance,
                    database=database,
                    name=name,
                    why=why,
                    slot=not why and reaches(design, found, name, instance, database),
                    destructive=link is None,
                )
        for slot in server.replication_slots:
            if ours(design, slot.name) and slot.name not in wanted_links:
                yield DropSlot(instance=instance, name=slot.name, database=slot.database or None)
    for instance, database in wanted(design).databases:
        for publication in look(found).contents(instance, database).publications:
            if ours(design, publication.name) and publication.name not in wanted_links:
                yield DropPublication(instance=instance, database=database, name=publication.name)


def reaches(design: Design, found: Found, name: str, instance: str, database: str) -> bool:
    """Whether the subscription can come to its slot to drop it: both are there, at the address it knows."""
    have = next((s for s in look(found).contents(instance, database).subscriptions if s.name == name), None)
    if have is None or have.connection is None or have.slot != name:
        return False
    for where, endpoint in design.endpoints.items():
        at = f"host='{endpoint.host}'" in have.connection and f"port='{endpoint.port}'" in have.connection
        if at and slot_of(found, where, name) is not None:
            return True
    return False


unsubscribe = StepKind(wants=_wants)
