"""Creates a service's schema, owned by the service's owner role, or gives an existing one to it.

Why: who owns a schema may do everything in it; the owner role cannot log in, so no client can.

Lock: none on tables; a row of pg_namespace.
Undo: a schema that was created is dropped, which PostgreSQL refuses while anything is in it; a changed owner is put
back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.sqltext import ident, sql

BY_ITSELF = "public"
"""The schema that every new database has."""
BY_ITSELF_OWNER = "pg_database_owner"


@dataclass(frozen=True, kw_only=True)
class SchemaStep(Step):
    """A schema of a service; ``owner_before`` empty: it is missing."""

    kind: ClassVar[str] = "schema"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "none on tables; one row of pg_namespace"

    owner: str
    owner_before: str = ""

    def say(self) -> str:
        if not self.owner_before:
            return f"create schema {ident(self.name)} owned by {ident(self.owner)}"
        return f"alter schema {ident(self.name)}: owner {ident(self.owner)} (was {ident(self.owner_before)})"

    def do(self) -> tuple[Effect, ...]:
        if not self.owner_before:
            return (Statement(sql("CREATE SCHEMA {} AUTHORIZATION {}", ident(self.name), ident(self.owner))),)
        return (self._own(self.owner),)

    def undo(self) -> tuple[Effect, ...]:
        if not self.owner_before:
            return (Statement(sql("DROP SCHEMA {}", ident(self.name))),)
        return (self._own(self.owner_before),)

    def _own(self, owner: str) -> Statement:
        return Statement(sql("ALTER SCHEMA {} OWNER TO {}", ident(self.name), ident(owner)))

    def done(self, found: Found) -> bool:
        schema = look(found).contents(self.instance, self.database).schemas.get(self.name)
        return schema is not None and schema.owner == self.owner


@dataclass(frozen=True, kw_only=True)
class UndeclaredSchema(Step):
    """A schema on a declared database that no service owns."""

    kind: ClassVar[str] = "schema"
    phase: ClassVar[Phase] = Phase.CLEANUP
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "none on tables; refused while anything is in the schema"

    owner: str

    def say(self) -> str:
        return f"drop schema {ident(self.name)} owned by {ident(self.owner)}, which no service declares, if it is empty"

    def do(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP SCHEMA {}", ident(self.name))),)

    def undo(self) -> tuple[Effect, ...]:
        return (Statement(sql("CREATE SCHEMA {} AUTHORIZATION {}", ident(self.name), ident(self.owner))),)

    def done(self, found: Found) -> bool:
        return self.name not in look(found).contents(self.instance, self.database).schemas


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        contents = seen.contents(instance, database)
        fresh = seen.database(instance, database) is None
        for name, schema in want.schemas.items():
            before = contents.schemas.get(name)
            owner_before = before.owner if before else BY_ITSELF_OWNER if fresh and name == BY_ITSELF else ""
            yield SchemaStep(
                instance=instance,
                database=database,
                name=name,
                service=schema.service,
                action=Action.ALTER if owner_before else Action.CREATE,
                owner=schema.owner,
                owner_before=owner_before,
            )


def _drift(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        known = {*want.schemas, want.extension_schema, BY_ITSELF}
        for name, schema in sorted(seen.contents(instance, database).schemas.items()):
            belongs = any(item.schema == name and item.extension for item in seen.contents(instance, database).objects)
            full = seen.objects(instance, database).get(name)
            mirror = schema.owner == design.placements.roles.mirror  # unlink looks after those
            if name in known or want.foreign or belongs or mirror:
                continue
            if full and design.authoritative:
                continue  # nothing drops data: the notes name it
            yield UndeclaredSchema(
                instance=instance,
                database=database,
                name=name,
                action=Action.DROP,
                destructive=True,
                owner=schema.owner,
            )


schema = StepKind(wants=_wants, drift=_drift)
