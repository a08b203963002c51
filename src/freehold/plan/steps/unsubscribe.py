"""Ends what follows another database: subscriptions, slots and publications of links that are gone or have broken.

Why: a slot that nobody reads keeps the log for ever, and a subscription that nobody wants goes on copying. They end in
the order in which nothing is left behind: the subscription first, with its slot; a slot that is left; the publication.
A subscription whose slot is lost is ended too, and made anew by the same plan. A table that leaves a publication is
first forgotten by the subscription, and what was under way is let through, before its replica is dropped.

Lock: none on tables; SHARE UPDATE EXCLUSIVE on tables that leave a publication.
Undo: none; declare the read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.layouts.model import Link
from freehold.plan.linked import ours, replicas, slot_of, stuck, subscription_of
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.spec.model import Via
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

DRAIN_S = 60
Names = tuple[tuple[str, str], ...]


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


@dataclass(frozen=True, kw_only=True)
class Unpublish(Step):
    """Tables that a publication no longer names, because nobody reads them any more."""

    kind: ClassVar[str] = "unpublish"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 42
    lock: ClassVar[str] = "SHARE UPDATE EXCLUSIVE on the tables"
    action: Action = Action.DROP
    destructive: bool = True

    tables: Names

    def say(self) -> str:
        return f"take {_shown(self.tables)} out of publication {ident(self.name)}, which nobody reads any more"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("ALTER PUBLICATION {} DROP TABLE {}", ident(self.name), _listed(self.tables))),)

    def undo(self) -> tuple[Effect, ...]:
        return (Statement(sql("ALTER PUBLICATION {} ADD TABLE {}", ident(self.name), _listed(self.tables))),)

    def done(self, found: Found) -> bool:
        publications = look(found).contents(self.instance, self.database).publications
        have = next((one for one in publications if one.name == self.name), None)
        return have is None or not set(self.tables) & set(have.tables)


@dataclass(frozen=True, kw_only=True)
class Forget(Step):
    """A subscription forgets tables that are no longer published, before their replicas go."""

    kind: ClassVar[str] = "forget_replicas"
    phase: ClassVar[Phase] = Phase.UNLINKS
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "none on tables"
    transactional: ClassVar[bool] = False
    action: Action = Action.ALTER

    link: Link
    tables: Names

    def say(self) -> str:
        return f"let subscription {ident(self.link.name)} forget {_shown(self.tables)}; it has no undo of its own"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("ALTER SUBSCRIPTION {} REFRESH PUBLICATION", ident(self.link.name))),)

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        have = subscription_of(found, self.link)
        return have is None or not set(self.tables) & set(have.tables)


@dataclass(frozen=True, kw_only=True)
class Drain(Step):
    """Wait until a replica has seen everything that was written before its tables left the publication."""

    kind: ClassVar[str] = "drain_replica"
    phase: ClassVar[Phase] = Phase.UNLINKS
    rank: ClassVar[int] = 30
    lock: ClassVar[str] = "none"
    transactional: ClassVar[bool] = False
    action: Action = Action.ALTER

    link: Link
    tables: Names

    def say(self) -> str:
        return (
            f"wait until {ident(self.name)} has let through what was written to {_shown(self.tables)}; nothing to undo"
        )

    def do(self) -> tuple[Effect, ...]:
        body = sql(
            "DECLARE upto pg_catalog.pg_lsn := pg_catalog.pg_current_wal_flush_lsn(); BEGIN FOR i IN 1..{} LOOP"
            " IF EXISTS (SELECT FROM pg_catalog.pg_replication_slots AS s WHERE s.slot_name = {}"
            " AND s.confirmed_flush_lsn >= upto) THEN RETURN; END IF; PERFORM pg_catalog.pg_sleep(0.1); END LOOP;"
            " RAISE EXCEPTION USING MESSAGE = {}, HINT = {}; END",
            DRAIN_S * 10,
            literal(self.link.name),
            literal(f'the replicas of subscription "{self.link.name}" do not follow'),
            literal("Look at the server log of the reader, which says what stops the subscription."),
        )
        return (
            # a commit that is on disk, after everything that was written before
            Statement(keyword("SET synchronous_commit = on")),
            Statement(keyword("SELECT pg_catalog.pg_logical_emit_message(true, 'freehold', '')")),
            Statement(sql("DO {}", literal(body.shown()))),
        )

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        have = subscription_of(found, self.link)
        return have is None or not set(self.tables) & set(have.tables)


def _shown(tables: Names) -> str:
    return ", ".join(f"{ident(*table)}" for table in tables)


def _listed(tables: Names) -> Sql:
    return join(", ", [ident(*table) for table in tables])


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
    for name in sorted(possible):
        yield from _leaving(design, found, wanted_links[name])


def _leaving(design: Design, found: Found, link: Link) -> Iterator[Step]:
    """Tables that a link no longer keeps replicas of, while it keeps others."""
    source = look(found).contents(*link.source)
    publication = next((one for one in source.publications if one.name == link.name), None)
    have = subscription_of(found, link)
    foreign = {(t.name.schema, t.name.table) for t in link.through(Via.FOREIGN_TABLE)}
    declared = {(t.name.schema, t.name.table) for t in link.through(Via.REPLICA)}
    if publication is not None:
        extra = tuple(one for one in publication.tables if one not in declared and one not in foreign)
        if extra:
            yield Unpublish(instance=link.source[0], database=link.source[1], name=link.name, tables=extra)
    if have is None or stuck(design, found, link):
        return
    gone = [one for one in have.tables if one not in declared]
    # what is a foreign table from now on goes without being asked
    for risky in (False, True):
        tables = tuple(one for one in gone if (one not in foreign) is risky)
        if tables:
            name = f"{link.name}: {_shown(tables)}"
            (to, where), (at, source_database) = link.reader, link.source
            yield Forget(instance=to, database=where, name=name, link=link, tables=tables, destructive=risky)
            yield Drain(instance=at, database=source_database, name=name, link=link, tables=tables, destructive=risky)


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
