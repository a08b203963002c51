"""Takes the schema public from PUBLIC; gives it to a foreign application in its own database.

Why: before PostgreSQL 15, and on servers upgraded from there, everybody may create objects in public; whoever does
can wait for another service to call them. USAGE goes too while nothing is in the schema.

Lock: none on tables; a row of pg_namespace.
Undo: PUBLIC gets back exactly what it had.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.grants import acting, listed, named
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Step, StepKind
from freehold.plan.rights import owns
from freehold.plan.wanted import wanted
from freehold.sqltext import PUBLIC, ident, role, sql

SCHEMA = "public"


@dataclass(frozen=True, kw_only=True)
class PublicSchema(Step):
    """The schema public of one database: what PUBLIC loses, and what a foreign application gets."""

    kind: ClassVar[str] = "public_schema"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 50
    lock: ClassVar[str] = "none on tables; one row of pg_namespace"

    revokes: tuple[str, ...]
    grantee: str = ""
    grants: tuple[str, ...] = ()
    acting_as: str = ""

    def say(self) -> str:
        parts = [f"revoke {', '.join(self.revokes)} from PUBLIC"] if self.revokes else []
        parts += [f"grant {', '.join(self.grants)} to {named(self.grantee)}"] if self.grants else []
        return f"on schema {ident(SCHEMA)}: {'; '.join(parts)}"

    def do(self) -> tuple[Effect, ...]:
        return self._change(self.revokes, PUBLIC, self.grants, self.grantee)

    def undo(self) -> tuple[Effect, ...]:
        return self._change(self.grants, self.grantee, self.revokes, PUBLIC)

    def _change(self, revokes: tuple[str, ...], loser: str, grants: tuple[str, ...], winner: str) -> tuple[Effect, ...]:
        name = ident(SCHEMA)
        statements = []
        if revokes:
            statements.append(sql("REVOKE {} ON SCHEMA {} FROM {}", listed(revokes), name, role(loser)))
        if grants:
            statements.append(sql("GRANT {} ON SCHEMA {} TO {}", listed(grants), name, role(winner)))
        return acting(self.acting_as, statements)

    def done(self, found: Found) -> bool:
        seen = look(found)
        schema = seen.contents(self.instance, self.database).schemas.get(SCHEMA)
        if schema is None:
            return seen.database(self.instance, self.database) is not None
        pairs = seen.pairs(schema.acl)
        return not any((PUBLIC, right) in pairs for right in self.revokes) and all(
            (self.grantee, right) in pairs for right in self.grants
        )


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, name), want in wanted(design).databases.items():
        server = found.servers.get(instance)
        database = seen.database(instance, name)
        if server is None or (database is not None and database.contents is None):
            continue
        schema = seen.contents(instance, name).schemas.get(SCHEMA)
        if database is not None and schema is None:
            continue  # somebody dropped it: nothing to take
        pairs = seen.pairs(schema.acl) if schema else frozenset({(PUBLIC, "USAGE")})
        used = any(item.schema == SCHEMA for item in seen.contents(instance, name).objects)
        revokes = tuple(
            right for right in ("CREATE", "USAGE") if (PUBLIC, right) in pairs and not (right == "USAGE" and used)
        )
        grants = tuple(right for right in ("CREATE", "USAGE") if want.foreign and (want.foreign, right) not in pairs)
        owner = want.schemas[SCHEMA].owner if SCHEMA in want.schemas else schema.owner if schema else ""
        ours = owner in ("", "pg_database_owner") or owner in {s.owner for s in want.schemas.values()}
        if (revokes or grants) and (ours or owns(server, owner)):
            yield PublicSchema(
                instance=instance,
                database=name,
                name=SCHEMA,
                action=Action.ALTER,
                revokes=revokes,
                grantee=want.foreign if grants else "",
                grants=grants,
                acting_as="" if server.superuser or SCHEMA not in want.schemas else owner,
            )


public_schema = StepKind(wants=_wants)
