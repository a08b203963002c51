"""Says what logins may do with the objects an owner role will make, and takes EXECUTE on new functions from PUBLIC.

Why: a table made by tomorrow's migration must be usable by the service and by nobody else, without another apply.
PostgreSQL gives EXECUTE on every new function to PUBLIC unless it is told not to.

Lock: none on tables; rows of pg_default_acl.
Undo: the default privileges that were added are removed, and PUBLIC gets EXECUTE back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.grants import Entry, GrantStep, OnDefault, acting, acts_as, listed
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.sqltext import PUBLIC, Sql, ident, keyword, role, sql, words


@dataclass(frozen=True, kw_only=True)
class DefaultPrivileges(GrantStep):
    """Privileges on future objects in one schema."""

    kind: ClassVar[str] = "default_privileges"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 60


@dataclass(frozen=True, kw_only=True)
class NoPublicExecute(Step):
    """PUBLIC no longer gets EXECUTE on functions that ``name`` makes in this database."""

    kind: ClassVar[str] = "default_privileges"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 58
    lock: ClassVar[str] = "none on tables; one row of pg_default_acl"

    acting_as: str = ""

    def say(self) -> str:
        return f"revoke EXECUTE on future functions of role {ident(self.name)} from PUBLIC"

    def do(self) -> tuple[Effect, ...]:
        return self._change(keyword("REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"))

    def undo(self) -> tuple[Effect, ...]:
        return self._change(keyword("GRANT EXECUTE ON FUNCTIONS TO PUBLIC"))

    def _change(self, what: Sql) -> tuple[Effect, ...]:
        return acting(self.acting_as, [sql("ALTER DEFAULT PRIVILEGES FOR ROLE {} {}", ident(self.name), what)])

    def done(self, found: Found) -> bool:
        seen = look(found)
        row = seen.default_acl(self.instance, self.database or "", self.name, "", "FUNCTIONS")
        return row is not None and (PUBLIC, "EXECUTE") not in seen.pairs(row.acl)


@dataclass(frozen=True, kw_only=True)
class UndeclaredDefault(Step):
    """A default privilege on a declared database that nobody declared; ``schema`` empty: in all schemas."""

    kind: ClassVar[str] = "default_privileges"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 80
    lock: ClassVar[str] = "none on tables; one row of pg_default_acl"

    owner: str
    schema: str
    on: str
    grantee: str
    privileges: tuple[str, ...]

    @property
    def takes_from(self) -> str:
        return self.grantee

    def say(self) -> str:
        place = f" in schema {ident(self.schema)}" if self.schema else ""
        return (
            f"revoke {', '.join(self.privileges)} on future {self.on.lower()} of role {ident(self.owner)}{place} "
            f"from {role(self.grantee)}, which nobody declares"
        )

    def do(self) -> tuple[Effect, ...]:
        return self._change(keyword("REVOKE"), keyword("FROM"))

    def undo(self) -> tuple[Effect, ...]:
        return self._change(keyword("GRANT"), keyword("TO"))

    def _change(self, verb: Sql, preposition: Sql) -> tuple[Effect, ...]:
        place = sql(" IN SCHEMA {}", ident(self.schema)) if self.schema else Sql(())
        return (
            Statement(
                sql(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {}{} {} {} ON {} {} {}",
                    ident(self.owner),
                    place,
                    verb,
                    listed(self.privileges),
                    words(self.on),
                    preposition,
                    role(self.grantee),
                )
            ),
        )

    def done(self, found: Found) -> bool:
        seen = look(found)
        row = seen.default_acl(self.instance, self.database or "", self.owner, self.schema, self.on)
        return row is None or set(seen.lacks(row.acl, self.grantee, self.privileges)) == set(self.privileges)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        for owner in sorted({schema.owner for schema in want.schemas.values()}):
            yield NoPublicExecute(
                instance=instance,
                database=database,
                name=owner,
                action=Action.ALTER,
                acting_as=acts_as(found, instance, owner),
            )
        for name, schema in want.schemas.items():
            entries: list[Entry] = []
            for wish in schema.wishes:
                if wish.on != "SCHEMA" and not wish.table:
                    row = seen.default_acl(instance, database, schema.owner, name, wish.on)
                    lost = seen.lacks(row.acl, wish.grantee, wish.privileges) if row else wish.privileges
                    if lost:
                        entries.append(OnDefault(wish.grantee, lost, schema.owner, name, wish.on))
            if entries:
                yield DefaultPrivileges(
                    instance=instance,
                    database=database,
                    name=name,
                    service=schema.service,
                    entries=tuple(entries),
                    acting_as=acts_as(found, instance, schema.owner),
                )


def _drift(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        if want.foreign:
            continue
        allowed = {
            (schema.owner, wish.schema, wish.on, wish.grantee, privilege)
            for schema in want.schemas.values()
            for wish in schema.wishes
            if wish.on != "SCHEMA" and not wish.table
            for privilege in wish.privileges
        }
        for row in sorted(seen.contents(instance, database).default_acls, key=lambda d: (d.owner, d.schema, d.kind)):
            extra: dict[str, list[str]] = {}
            for grant in sorted(row.acl):
                by_default = not row.schema and grant.grantee == PUBLIC and row.kind in ("FUNCTIONS", "TYPES")
                declared = (row.owner, row.schema, row.kind, grant.grantee, grant.privilege) in allowed
                if grant.grantee != row.owner and not by_default and not declared:
                    extra.setdefault(grant.grantee, []).append(grant.privilege)
            for grantee, privileges in sorted(extra.items()):
                yield UndeclaredDefault(
                    instance=instance,
                    database=database,
                    name=f"{row.owner} {row.schema or 'all schemas'} {row.kind} {grantee}",
                    action=Action.DROP,
                    destructive=True,
                    owner=row.owner,
                    schema=row.schema,
                    on=row.kind,
                    grantee=grantee,
                    privileges=tuple(privileges),
                )


default_privileges = StepKind(wants=_wants, drift=_drift)
