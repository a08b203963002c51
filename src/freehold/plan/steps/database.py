"""Creates a database, or brings its owner and connection limit back to what the design wants.

Why: each database belongs to the admin login, never to a service, because a database's owner may connect, create
schemas and grant. UTF8 from template0, in the locale of the server. The connection limit is the sum of the limits of
those who may connect, so that one database cannot take all connections of its instance.

Lock: none on user data; CREATE DATABASE runs outside a transaction and copies template0.
Undo: a database that was created is dropped with everything in it; an attribute gets its old value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.rights import owner_to_be, owns
from freehold.plan.wanted import wanted
from freehold.sqltext import ident, sql


@dataclass(frozen=True, kw_only=True)
class DatabaseStep(Step):
    """A database that is missing."""

    kind: ClassVar[str] = "database"
    phase: ClassVar[Phase] = Phase.DATABASES
    rank: ClassVar[int] = 10
    lock: ClassVar[str] = "SHARE on template0; none on user data"
    transactional: ClassVar[bool] = False

    owner: str
    connection_limit: int

    def say(self) -> str:
        return (
            f"create database {ident(self.name)} owned by {ident(self.owner)}, encoding UTF8, "
            f"connection limit {self.connection_limit}"
        )

    def do(self) -> tuple[Effect, ...]:
        return (
            Statement(
                sql(
                    "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' CONNECTION LIMIT {}",
                    ident(self.name),
                    ident(self.owner),
                    self.connection_limit,
                )
            ),
        )

    def undo(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP DATABASE {} WITH (FORCE)", ident(self.name))),)

    def done(self, found: Found) -> bool:
        return look(found).database(self.instance, self.name) is not None


@dataclass(frozen=True, kw_only=True)
class DatabaseAttributes(Step):
    """A database whose owner or connection limit drifted."""

    kind: ClassVar[str] = "database"
    phase: ClassVar[Phase] = Phase.DATABASES
    rank: ClassVar[int] = 15
    lock: ClassVar[str] = "none on user data; one row of pg_database"

    owner: str
    owner_before: str
    connection_limit: int
    connection_limit_before: int

    def say(self) -> str:
        parts = []
        if self.owner != self.owner_before:
            parts.append(f"owner {ident(self.owner)} (was {ident(self.owner_before)})")
        if self.connection_limit != self.connection_limit_before:
            parts.append(f"connection limit {self.connection_limit} (was {self.connection_limit_before})")
        return f"alter database {ident(self.name)}: {', '.join(parts)}"

    def do(self) -> tuple[Effect, ...]:
        return self._to(self.owner, self.connection_limit)

    def undo(self) -> tuple[Effect, ...]:
        return self._to(self.owner_before, self.connection_limit_before)

    def _to(self, owner: str, connection_limit: int) -> tuple[Effect, ...]:
        effects: list[Effect] = []
        if self.owner != self.owner_before:
            effects.append(Statement(sql("ALTER DATABASE {} OWNER TO {}", ident(self.name), ident(owner))))
        if self.connection_limit != self.connection_limit_before:
            effects.append(Statement(sql("ALTER DATABASE {} CONNECTION LIMIT {}", ident(self.name), connection_limit)))
        return tuple(effects)

    def done(self, found: Found) -> bool:
        database = look(found).database(self.instance, self.name)
        return (
            database is not None and database.owner == self.owner and database.connection_limit == self.connection_limit
        )


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for (instance, name), want in wanted(design).databases.items():
        server = found.servers.get(instance)
        if server is None:
            continue
        service = want.placements[0].service if len(want.placements) == 1 else ""
        before = server.databases.get(name)
        if before is None:
            yield DatabaseStep(
                instance=instance,
                name=name,
                service=service,
                owner=server.user,
                connection_limit=want.connection_limit,
            )
            continue
        if not owns(server, before.owner):
            continue  # said in the notes: only its owner or a superuser can change it
        yield DatabaseAttributes(
            instance=instance,
            name=name,
            service=service,
            action=Action.ALTER,
            owner=owner_to_be(server, before),
            owner_before=before.owner,
            connection_limit=want.connection_limit,
            connection_limit_before=before.connection_limit,
        )


database = StepKind(wants=_wants)
