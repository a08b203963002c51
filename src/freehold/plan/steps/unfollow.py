"""Takes tables out of a link that goes on for others, so that no change is on its way to a replica that is gone.

Why: a subscription that is told to change a table which does not exist any more stands still, for all its tables. So a
table leaves the publication, the subscription forgets it, and what was under way is let through, before its replica is
dropped.

Lock: SHARE UPDATE EXCLUSIVE on tables that leave a publication; none on others.
Undo: the publication names the tables again; the rest has none: declare the read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.layouts.model import Link
from freehold.plan.linked import replicas, stuck, subscription_of
from freehold.plan.look import look
from freehold.plan.mirror import present_mirror
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.spec.model import Via
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

DRAIN_S = 60
Names = tuple[tuple[str, str], ...]


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
        # PostgreSQL refuses it to one that stands still; what is under way has to be let through anyway
        return (
            Statement(sql("ALTER SUBSCRIPTION {} ENABLE", ident(self.link.name))),
            Statement(sql("ALTER SUBSCRIPTION {} REFRESH PUBLICATION", ident(self.link.name))),
        )

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        have = subscription_of(found, self.link)
        return have is None or not set(self.tables) & set(have.tables)


@dataclass(frozen=True, kw_only=True)
class Drain(Step):
    """Wait until a replica has seen everything that was written before its tables left the publication.

    Due as long as the replicas stand: a run that ended between the two would drop what changes are under way to."""

    kind: ClassVar[str] = "drain_replica"
    phase: ClassVar[Phase] = Phase.UNLINKS
    rank: ClassVar[int] = 30
    lock: ClassVar[str] = "none"
    transactional: ClassVar[bool] = False
    action: Action = Action.ALTER

    link: Link
    tables: Names
    schemas: tuple[str, ...]
    owner: str

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
        if have is None:
            return True
        return not set(self.tables) & {*have.tables, *_standing(found, self.link, self.schemas, self.owner)}


def _shown(tables: Names) -> str:
    return ", ".join(f"{ident(*table)}" for table in tables)


def _listed(tables: Names) -> Sql:
    return join(", ", [ident(*table) for table in tables])


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for link in sorted(replicas(design, found), key=lambda link: link.name):
        yield from _leaving(design, found, link)


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
    owner = design.placements.roles.mirror
    schemas = tuple(sorted(schema for one in design.placements.within(*link.source) for schema in one.schemas))
    gone = sorted({*have.tables, *_standing(found, link, schemas, owner)} - declared)
    # what is a foreign table from now on goes without being asked
    for risky in (False, True):
        tables = tuple(one for one in gone if (one not in foreign) is risky)
        if tables:
            name = f"{link.name}: {_shown(tables)}"
            (to, where), (at, inside) = link.reader, link.source
            yield Forget(instance=to, database=where, name=name, link=link, tables=tables, destructive=risky)
            yield Drain(
                instance=at,
                database=inside,
                name=name,
                link=link,
                tables=tables,
                schemas=schemas,
                owner=owner,
                destructive=risky,
            )


def _standing(found: Found, link: Link, schemas: tuple[str, ...], owner: str) -> Names:
    """The replicas that the reader's database has of the source's schemas, declared or not."""
    contents = look(found).contents(*link.reader)
    mirrors = [present_mirror(schema, owner, contents) for schema in schemas]
    return tuple((mirror.schema, table.name) for mirror in mirrors for table in mirror.tables if not table.server)


unfollow = StepKind(wants=_wants)
