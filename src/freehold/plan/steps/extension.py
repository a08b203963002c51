"""Installs the extensions that services declare, in a schema of their own that belongs to no service.

Why: two services in one database may want the same extension, and it can be installed once; in a service's schema
it would be that service's. The schema `extensions` belongs to the admin login; those who declared one may use it.

Lock: none on user tables.
Undo: an extension that was installed is dropped, which PostgreSQL refuses while a table uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.grants import GrantStep, OnSchema, named
from freehold.plan.look import look
from freehold.plan.model import Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.sqltext import Sql, ident, sql

OWN_SCHEMA = frozenset({"age", "pg_cron", "pglogical", "plpgsql", "postgis_tiger_geocoder", "postgis_topology"})
"""Extensions that choose their schema themselves, or want one of their own."""


@dataclass(frozen=True, kw_only=True)
class ExtensionSchema(Step):
    """The schema that holds the extensions of a database."""

    kind: ClassVar[str] = "extension"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 30
    lock: ClassVar[str] = "none on user tables"

    def say(self) -> str:
        return f"create schema {ident(self.name)} for extensions"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("CREATE SCHEMA {}", ident(self.name))),)

    def undo(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP SCHEMA {}", ident(self.name))),)

    def done(self, found: Found) -> bool:
        return self.name in look(found).contents(self.instance, self.database).schemas


@dataclass(frozen=True, kw_only=True)
class ExtensionStep(Step):
    """One extension of one database."""

    kind: ClassVar[str] = "extension"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 32
    lock: ClassVar[str] = "none on user tables"

    schema: str
    wanted_by: tuple[str, ...]

    def say(self) -> str:
        return f"create extension {ident(self.name)}{self._place()} for {', '.join(named(s) for s in self.wanted_by)}"

    def _place(self) -> Sql:
        return sql(" SCHEMA {}", ident(self.schema)) if self.schema else Sql(())

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("CREATE EXTENSION IF NOT EXISTS {}{}", ident(self.name), self._place())),)

    def undo(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP EXTENSION {}", ident(self.name))),)

    def done(self, found: Found) -> bool:
        return self.name in look(found).contents(self.instance, self.database).extensions


@dataclass(frozen=True, kw_only=True)
class ExtensionAccess(GrantStep):
    """USAGE on the schema of extensions."""

    kind: ClassVar[str] = "extension"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 34


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        if not want.extensions:
            continue
        contents = seen.contents(instance, database)
        where = want.extension_schema
        if want.foreign:
            # a foreign application finds its extensions where it looks for them, and where it may drop nothing of them;
            # without a schema they would go into pg_catalog, the first of the administrator's search_path
            where = "public"
        else:
            yield ExtensionSchema(instance=instance, database=database, name=where)
        for name, services in want.extensions.items():
            yield ExtensionStep(
                instance=instance,
                database=database,
                name=name,
                schema="" if name in OWN_SCHEMA else where,
                wanted_by=services,
            )
        row = contents.schemas.get(where)
        lacking = tuple(
            OnSchema(user, ("USAGE",), where)
            for user in want.extension_users
            if row is None or seen.lacks(row.acl, user, ("USAGE",))
        )
        if lacking:
            yield ExtensionAccess(instance=instance, database=database, name=f"use of {where}", entries=lacking)


extension = StepKind(wants=_wants)
