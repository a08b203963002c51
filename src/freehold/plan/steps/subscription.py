"""Fills the replicas of a database and keeps them following their source.

Why: a replica is read without asking the source, and goes on being read while the source is down. The subscription
comes to the source under a login of its own, copies each table once and follows from there. It is given its slot; what
it fills is emptied in the same transaction, so that a copy that was begun before is never added to.

The password is in the statement when it is sent, and in no plan, journal or log of the server.

Lock: ACCESS EXCLUSIVE on the replicas for the moment in which they are emptied.
Undo: a subscription that was made is dropped with its slot; a changed connection cannot be brought back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from freehold.found.links import Subscription
from freehold.found.model import Found
from freehold.layouts.model import Link
from freehold.plan.linked import (
    LOUD,
    QUIET,
    MirrorWant,
    arrived,
    awaited,
    connection,
    followable,
    mirrors,
    published,
    replicas,
    stuck,
    subscription_of,
)
from freehold.plan.look import look
from freehold.plan.mirror import rebuilt
from freehold.plan.model import Action, Design, Effect, Later, Phase, Statement, Step, StepKind
from freehold.sqltext import Sql, ident, join, password_of, sql


@dataclass(frozen=True, kw_only=True)
class Subscribe(Later):
    """Make the subscription, or bring back what it must say."""

    link: Link
    connection: str
    digest: str | None = field(repr=False)

    def statements(self, found: Found) -> tuple[Sql, ...]:
        have = subscription_of(found, self.link)
        told = self._make(found) if have is None else tuple(_mend(self.link, self.connection, self.digest, have))
        return (*QUIET, *told, *LOUD) if told else ()

    def _make(self, found: Found) -> tuple[Sql, ...]:
        tables = filled(self.link, found)
        empty = sql("TRUNCATE {};\n", join(", ", [ident(*table) for table in tables])) if tables else Sql(())
        name = ident(self.link.name)
        # one message is one transaction: emptied and subscribed, or neither
        return (
            sql(
                "{}CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {} WITH (create_slot = false, slot_name = {})",
                empty,
                name,
                password_of(self.link.replica_login, self.connection),
                name,
                name,
            ),
        )


@dataclass(frozen=True, kw_only=True)
class SubscriptionStep(Step):
    """The subscription of one link. ``before`` is the one that stays; ``again`` says why another is made anew."""

    kind: ClassVar[str] = "subscription"
    phase: ClassVar[Phase] = Phase.SUBSCRIPTIONS
    rank: ClassVar[int] = 40
    lock: ClassVar[str] = "ACCESS EXCLUSIVE on the replicas, for a moment"
    transactional: ClassVar[bool] = False

    link: Link
    connection: str
    before: Subscription | None = field(compare=False)
    planned: tuple[Sql, ...] = field(compare=False)
    digest: str | None = field(default=None, repr=False)
    waits: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def say(self) -> str:
        source = f"database {ident(self.link.source[1])} as login {ident(self.link.replica_login)}"
        if self.before is None:
            return f"create subscription {ident(self.name)}: copies what it fills from {source}, and follows it"
        if not self.before.enabled:
            return f"enable subscription {ident(self.name)}, so that it follows {source}"
        return f"alter subscription {ident(self.name)}: follows {source} at its present address and password"

    def do(self) -> tuple[Effect, ...]:
        places = (self.link.reader, self.link.source)
        link, where = self.link, self.connection
        return (Subscribe(reads=places, planned=self.planned, link=link, connection=where, digest=self.digest),)

    def undo(self) -> tuple[Effect, ...]:
        if self.before is not None:
            return ()
        return (
            Statement(sql("ALTER SUBSCRIPTION {} DISABLE", ident(self.name))),
            Statement(sql("DROP SUBSCRIPTION {}", ident(self.name))),
        )

    def done(self, found: Found) -> bool:
        have = subscription_of(found, self.link)
        if have is None or have.slot != self.name:
            return False
        return not tuple(_mend(self.link, self.connection, self.digest, have))


@dataclass(frozen=True, kw_only=True)
class RefreshSubscription(Step):
    """Let a subscription see which tables its publication names now, and copy those that are new."""

    kind: ClassVar[str] = "refresh_subscription"
    phase: ClassVar[Phase] = Phase.SUBSCRIPTIONS
    rank: ClassVar[int] = 50
    lock: ClassVar[str] = "none on data; new replicas are copied in the background"
    transactional: ClassVar[bool] = False

    link: Link
    wants: tuple[MirrorWant, ...]
    tables: tuple[tuple[str, str], ...] = field(compare=False)
    waits: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def say(self) -> str:
        what = ", ".join(f"{ident(*table)}" for table in self.tables) or "what migrations made anew"
        return f"refresh subscription {ident(self.name)}: copy {what}; it has no undo of its own"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("ALTER SUBSCRIPTION {} REFRESH PUBLICATION", ident(self.name))),)

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        have = subscription_of(found, self.link)
        if have is None or not arrived(found, self.link.source, self.waits):
            return False
        left = set(published(self.link, look(found).contents(*self.link.source))) - set(have.tables)
        return not left and not any(rebuilt(want.want(found), want.have(found)) for want in self.wants)


def filled(link: Link, found: Found) -> tuple[tuple[str, str], ...]:
    """The replicas that stand in the reader's database and are published at the source."""
    seen = look(found)
    here = {(s.schema, s.name) for s in seen.contents(*link.reader).shapes}
    here -= {(t.schema, t.name) for t in seen.contents(*link.reader).foreign_tables}
    return tuple(table for table in published(link, seen.contents(*link.source)) if table in here)


def _mend(link: Link, where: str, digest: str | None, have: Subscription) -> Iterator[Sql]:
    name = ident(link.name)
    if have.connection != where or have.digest != digest:
        yield sql("ALTER SUBSCRIPTION {} CONNECTION {}", name, password_of(link.replica_login, where))
    if not have.enabled:
        yield sql("ALTER SUBSCRIPTION {} ENABLE", name)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for link in replicas(design, found):
        if not followable(design, found, link):
            continue  # said in the notes
        instance, database = link.reader
        again = bool(stuck(design, found, link))
        before = None if again else subscription_of(found, link)
        digest = design.digests.get(link.replica_login)
        where = connection(design.endpoints[link.source[0]], link.source[1], link.replica_login)
        later = Subscribe(reads=(), planned=(), link=link, connection=where, digest=digest)
        waits = awaited(design, found, link)
        yield SubscriptionStep(
            instance=instance,
            database=database,
            name=link.name,
            action=Action.CREATE if before is None else Action.ALTER,
            link=link,
            connection=where,
            digest=digest,
            before=before,
            planned=later._make(found) if before is None else later.statements(found),
            waits=waits,
        )
        if before is None:
            continue
        wants = tuple(want for want in mirrors(design, found) if want.link == link)
        made = {(want.schema, name) for want in wants for name in rebuilt(want.want(found), want.have(found))}
        new = set(published(link, look(found).contents(*link.source))) - set(before.tables)
        yield RefreshSubscription(
            instance=instance,
            database=database,
            name=link.name,
            action=Action.ALTER,
            link=link,
            wants=wants,
            tables=tuple(sorted(new | (made & set(before.tables)))),
            waits=waits,
        )


subscription = StepKind(wants=_wants)
