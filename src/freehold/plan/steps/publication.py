"""Publishes the tables of a database that another one keeps replicas of.

Why: a subscription follows exactly the tables that its publication names, one by one, so that no table is followed that
nobody declared. A table without a primary key sends whole rows from then on (REPLICA IDENTITY FULL): without that its
own service could no longer change or delete rows.

Lock: SHARE UPDATE EXCLUSIVE on the tables; ACCESS EXCLUSIVE for a moment on those without a primary key.
Undo: the publication is dropped, or names what it named before; tables that send whole rows go back to what they sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from freehold.found.links import Publication
from freehold.found.model import Found
from freehold.layouts.model import Link
from freehold.plan.linked import arrived, awaited, published, replicas
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Later, Phase, Statement, Step, StepKind
from freehold.spec.model import Via
from freehold.sqltext import Sql, ident, join, keyword, sql

OPERATIONS = ("insert", "update", "delete", "truncate")
Names = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class AsDeclared(Later):
    """Make the publication name every declared table that can be followed, and none that is a foreign table now."""

    link: Link

    def statements(self, found: Found) -> tuple[Sql, ...]:
        return tuple(_statements(self.link, found))


@dataclass(frozen=True, kw_only=True)
class PublicationStep(Step):
    """The publication of one link. ``full`` are tables that begin to send whole rows, as far as they exist."""

    kind: ClassVar[str] = "publication"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 40
    lock: ClassVar[str] = "SHARE UPDATE EXCLUSIVE on the tables; ACCESS EXCLUSIVE where one has no primary key"

    link: Link
    before: Publication | None
    want: Names = field(compare=False)
    full: Names = field(compare=False)
    planned: tuple[Sql, ...] = field(compare=False)
    waits: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def say(self) -> str:
        verb = "create" if self.before is None else "alter"
        tables = ", ".join(f"{ident(*one)}" for one in self.want) or "what the source's migrations will make"
        more = "; whole rows are sent of " + ", ".join(f"{ident(*one)}" for one in self.full) if self.full else ""
        return f"{verb} publication {ident(self.name)} of {tables} for database {ident(self.link.reader[1])}{more}"

    def do(self) -> tuple[Effect, ...]:
        return (AsDeclared(reads=(self.link.source,), planned=self.planned, link=self.link),)

    def undo(self) -> tuple[Effect, ...]:
        back = [sql("ALTER TABLE {} REPLICA IDENTITY DEFAULT", ident(*one)) for one in self.full]
        if self.before is None:
            back.append(sql("DROP PUBLICATION {}", ident(self.name)))
        elif self.before.tables:
            back.append(sql("ALTER PUBLICATION {} SET TABLE {}", ident(self.name), _listed(self.before.tables)))
        return tuple(Statement(statement) for statement in back)

    def done(self, found: Found) -> bool:
        return arrived(found, self.link.source, self.waits) and not tuple(_statements(self.link, found))


def publication_of(found: Found, link: Link) -> Publication | None:
    """The publication of a link, if there is one."""
    return next((p for p in look(found).contents(*link.source).publications if p.name == link.name), None)


def unkeyed(link: Link, found: Found) -> Names:
    """The tables to publish whose rows could not be told apart as they stand."""
    source = look(found).contents(*link.source)
    wanted = set(published(link, source))
    return tuple(
        (shape.schema, shape.name)
        for shape in source.shapes
        if (shape.schema, shape.name) in wanted and not shape.key and shape.identity != "f"
    )


def _statements(link: Link, found: Found) -> Iterator[Sql]:
    source = look(found).contents(*link.source)
    if link.source[1] not in found.servers[link.source[0]].databases:
        return
    want, have = published(link, source), publication_of(found, link)
    for table in unkeyed(link, found):
        yield sql("ALTER TABLE {} REPLICA IDENTITY FULL", ident(*table))
    name = ident(link.name)
    if have is None:
        tables = sql(" FOR TABLE {}", _listed(want)) if want else Sql(())
        yield sql("CREATE PUBLICATION {}{} WITH (publish_via_partition_root = true)", name, tables)
        return
    foreign = {(t.name.schema, t.name.table) for t in link.through(Via.FOREIGN_TABLE)}
    if gone := tuple(table for table in have.tables if table in foreign):
        yield sql("ALTER PUBLICATION {} DROP TABLE {}", name, _listed(gone))
    if new := tuple(table for table in want if table not in have.tables):
        yield sql("ALTER PUBLICATION {} ADD TABLE {}", name, _listed(new))
    if not have.via_root or set(have.operations) != set(OPERATIONS):
        every = keyword("publish = 'insert, update, delete, truncate', publish_via_partition_root = true")
        yield sql("ALTER PUBLICATION {} SET ({})", name, every)


def _listed(tables: Names) -> Sql:
    return join(", ", [ident(*table) for table in tables])


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for link in replicas(design, found):
        instance, database = link.source
        before = publication_of(found, link)
        yield PublicationStep(
            instance=instance,
            database=database,
            name=link.name,
            action=Action.CREATE if before is None else Action.ALTER,
            link=link,
            before=before,
            want=published(link, look(found).contents(*link.source)),
            full=unkeyed(link, found),
            planned=tuple(_statements(link, found)),
            waits=awaited(design, found, link),
        )


publication = StepKind(wants=_wants)
