"""Revokes a right on a schema, table, column, function or other object that nobody declared.

Why: whatever crosses a service boundary is declared, and a grant made by hand is how isolation is lost. Such grants
are always listed; they are revoked only when the declaration is authoritative, since somebody may live on them.

Lock: none on table data; rows of pg_class, pg_attribute, pg_proc and pg_namespace.
Undo: granted again by the same grantor, with its grant option.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Acl, Found, Object
from freehold.plan.grants import acting, named, object_sql
from freehold.plan.look import MEMBERS_OF, Look, look
from freehold.plan.model import Action, Design, Effect, Phase, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.plan.wanted_model import WantedDatabase
from freehold.sqltext import PUBLIC, Sql, ident, join, keyword, role, sql, words

SCHEMA_KIND = "SCHEMA"
GROUP_OF = {kind: group for group, kinds in MEMBERS_OF.items() for kind in kinds}


@dataclass(frozen=True, kw_only=True)
class UndeclaredGrant(Step):
    """Rights of one grantee, given by one grantor, on one object or (``column`` not empty) one column of it."""

    kind: ClassVar[str] = "undeclared_grant"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 70
    lock: ClassVar[str] = "none on table data; one row of the catalog"

    item: Object
    grantee: str
    privileges: tuple[str, ...]
    grantable: tuple[str, ...]
    column: str = ""
    acting_as: str = ""

    @property
    def takes_from(self) -> str:
        return self.grantee

    def say(self) -> str:
        column = f" on column {ident(self.column)} of" if self.column else " on"
        return (
            f"revoke {', '.join(self.privileges)}{column} {self._where(lower=True)} from {named(self.grantee)}, "
            "which nobody declares"
        )

    def do(self) -> tuple[Effect, ...]:
        return acting(
            self.acting_as,
            [sql("REVOKE {} ON {} FROM {}", self._what(self.privileges), self._where(), role(self.grantee))],
        )

    def undo(self) -> tuple[Effect, ...]:
        plain = tuple(privilege for privilege in self.privileges if privilege not in self.grantable)
        statements = []
        for privileges, option in ((plain, Sql(())), (self.grantable, keyword(" WITH GRANT OPTION"))):
            if privileges:
                what = self._what(privileges)
                statements.append(sql("GRANT {} ON {} TO {}{}", what, self._where(), role(self.grantee), option))
        return acting(self.acting_as, statements)

    def _what(self, privileges: tuple[str, ...]) -> Sql:
        column = sql(" ({})", ident(self.column)) if self.column else Sql(())
        return join(", ", [sql("{}{}", words(privilege), column) for privilege in privileges])

    def _where(self, *, lower: bool = False) -> Sql:
        if self.item.kind == SCHEMA_KIND:
            return sql("schema {}" if lower else "SCHEMA {}", ident(self.item.name))
        if not lower:
            return object_sql(self.item)
        name = ident(self.item.schema, self.item.name) if self.item.schema else ident(self.item.name)
        return sql("{} {}", Sql((self.item.kind.lower(),)), name)

    def done(self, found: Found) -> bool:
        seen = look(found)
        acl = _acl_now(seen, self)
        return acl is None or set(seen.lacks(acl, self.grantee, self.privileges)) == set(self.privileges)


def _acl_now(seen: Look, step: UndeclaredGrant) -> Acl | None:
    contents = seen.contents(step.instance, step.database)
    if step.item.kind == SCHEMA_KIND:
        schema = contents.schemas.get(step.item.name)
        return schema.acl if schema else None
    item = seen.item(step.instance, step.database or "", step.item)
    if item is None:
        return None
    return dict(item.column_acl).get(step.column, frozenset()) if step.column else item.acl


def _drift(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        server = found.servers.get(instance)
        if server is None or want.foreign:
            continue
        harmless = {role.name for role in server.roles.values() if role.superuser} | {server.user}
        ours = wanted(design).roles[instance]
        allowed = _allowed(want) | _mirrored(design, (instance, database))
        for name, schema in sorted(seen.contents(instance, database).schemas.items()):
            item = Object(SCHEMA_KIND, "", name, schema.owner, schema.acl)
            yield from _extra(seen, want, item, allowed, harmless, ours, superuser=server.superuser)
        for _, items in sorted(seen.objects(instance, database).items()):
            for item in items:
                yield from _extra(seen, want, item, allowed, harmless, ours, superuser=server.superuser)
        for item in seen.contents(instance, database).objects:
            # an extension grants to PUBLIC what it likes; what one of our roles got by name, a person gave
            if item.extension and any(who in ours for who, _ in seen.pairs(item.acl)):
                yield from _extra(seen, want, item, allowed, harmless, ours, superuser=server.superuser)


Allowed = frozenset[tuple[str, str, str, str, str]]


def _allowed(want: WantedDatabase) -> Allowed:
    """(kind of object, schema, table or "" for all, grantee, privilege) of everything declared."""
    declared: set[tuple[str, str, str, str, str]] = {
        (wish.on, wish.schema, wish.table, wish.grantee, privilege)
        for schema in want.schemas.values()
        for wish in schema.wishes
        for privilege in wish.privileges
    }
    declared |= {(SCHEMA_KIND, want.extension_schema, "", user, "USAGE") for user in want.extension_users}
    return frozenset(declared)


def _mirrored(design: Design, place: tuple[str, str]) -> Allowed:
    """What the readers of links may do with the mirrors in this database."""
    return frozenset(
        entry
        for link in design.placements.links
        if link.reader == place
        for table in link.tables
        for reader in table.readers
        for role in design.placements.of(reader).roles.readers
        for entry in (
            (SCHEMA_KIND, table.name.schema, "", role, "USAGE"),
            ("TABLES", table.name.schema, "" if table.name.table == "*" else table.name.table, role, "SELECT"),
        )
    )


def _extra(
    seen: Look,
    want: WantedDatabase,
    item: Object,
    allowed: Allowed,
    harmless: set[str],
    ours: Mapping[str, object],
    *,
    superuser: bool,
) -> Iterator[Step]:
    is_schema = item.kind == SCHEMA_KIND
    schema = item.name if is_schema else item.schema
    group = SCHEMA_KIND if is_schema else GROUP_OF.get(item.kind, item.kind)
    # elsewhere only rights of our own roles matter; public_schema looks after PUBLIC in the schema public
    inside = not item.extension and (schema in want.schemas or (not is_schema and not schema))
    for column, acl in (("", item.acl), *item.column_acl):
        pairs = seen.pairs(acl)
        suspects = [
            (who, what)
            for who, what in pairs
            if who != item.owner
            and who not in harmless
            and (inside or who in ours)
            and not (who == PUBLIC and what == "USAGE" and item.kind in ("TYPE", "DOMAIN", "LANGUAGE"))
            and (group, schema, "", who, what) not in allowed
            and (group, schema, item.name, who, what) not in allowed
        ]
        if not suspects:
            continue
        by: dict[tuple[str, str], list[tuple[str, bool]]] = {}
        for grant in sorted(acl):
            if (grant.grantee, grant.privilege) in suspects:
                by.setdefault((grant.grantee, grant.grantor), []).append((grant.privilege, grant.grantable))
        for (grantee, grantor), rights in by.items():
            # A superuser revokes as the owner; what another grantor gave must be revoked as that grantor.
            acts = grantor if grantor != item.owner or not superuser else ""
            label = f"{item.kind} {schema}.{item.name}({item.arguments}) {column} {grantee} {grantor}"
            yield UndeclaredGrant(
                instance=want.instance,
                database=want.name,
                name=label,
                service=want.schemas[schema].service if schema in want.schemas else "",
                action=Action.DROP,
                destructive=True,
                item=item,
                grantee=grantee,
                privileges=tuple(privilege for privilege, _ in rights),
                grantable=tuple(privilege for privilege, grantable in rights if grantable),
                column=column,
                acting_as=acts,
            )


def _wants(design: Design, found: Found) -> Iterator[Step]:
    return iter(())


undeclared_grant = StepKind(wants=_wants, drift=_drift)
