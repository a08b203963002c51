"""Grants as values: each entry knows its GRANT, the exact way back, and whether a snapshot already shows it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found, Object
from freehold.plan.look import MEMBERS_OF, ROUTINES, Look, look
from freehold.plan.model import Design, Effect, Statement, Step
from freehold.plan.wanted_model import WantedDatabase, Wish
from freehold.sqltext import Sql, ident, join, keyword, literal, quote_ident, raw, role, sql, words


@dataclass(frozen=True, slots=True)
class Entry(ABC):
    """``grantee`` gets ``privileges`` on something."""

    grantee: str
    privileges: tuple[str, ...]

    @abstractmethod
    def grant(self) -> tuple[Sql, ...]:
        """The statements that give."""

    @abstractmethod
    def revoke(self) -> tuple[Sql, ...]:
        """The statements that take back exactly what ``grant`` added."""

    @abstractmethod
    def present(self, seen: Look, instance: str, database: str) -> bool:
        """Whether the snapshot shows it."""

    @abstractmethod
    def where(self) -> str:
        """The object in PostgreSQL's words."""

    def say(self) -> str:
        """``SELECT, UPDATE on schema "s" to "r"``."""
        return f"{', '.join(self.privileges)} on {self.where()} to {named(self.grantee)}"


def named(grantee: str) -> str:
    """A grantee for a person: PUBLIC, or the name in double quotes."""
    return str(role(grantee))


def listed(privileges: Iterable[str]) -> Sql:
    """Privileges as SQL."""
    return join(", ", [words(privilege) for privilege in privileges])


def object_sql(item: Object) -> Sql:
    """An object as GRANT and REVOKE name it."""
    if item.kind in ROUTINES:
        # Identity arguments come from the catalog, already quoted by the server.
        return sql("ROUTINE {}({})", ident(item.schema, item.name), raw(item.arguments))
    if item.kind == "LARGE OBJECT":
        return sql("LARGE OBJECT {}", int(item.name))
    if item.kind == "SEQUENCE":
        return sql("SEQUENCE {}", ident(item.schema, item.name))
    if item.kind in ("TYPE", "DOMAIN"):
        return sql("TYPE {}", ident(item.schema, item.name))
    if item.kind in ("FOREIGN SERVER", "FOREIGN DATA WRAPPER", "LANGUAGE"):
        return sql("{} {}", words(item.kind), ident(item.name))
    return sql("TABLE {}", ident(item.schema, item.name))


@dataclass(frozen=True, slots=True)
class OnSchema(Entry):
    """A right on a schema itself."""

    schema: str

    def grant(self) -> tuple[Sql, ...]:
        return (sql("GRANT {} ON SCHEMA {} TO {}", listed(self.privileges), ident(self.schema), role(self.grantee)),)

    def revoke(self) -> tuple[Sql, ...]:
        return (sql("REVOKE {} ON SCHEMA {} FROM {}", listed(self.privileges), ident(self.schema), role(self.grantee)),)

    def present(self, seen: Look, instance: str, database: str) -> bool:
        schema = seen.contents(instance, database).schemas.get(self.schema)
        return schema is not None and not seen.lacks(schema.acl, self.grantee, self.privileges)

    def where(self) -> str:
        return f"schema {quote_ident(self.schema)}"


@dataclass(frozen=True, slots=True)
class OnAll(Entry):
    """A right on every object of a kind in a schema, as they stand now; ``lacking`` are those that do not have it."""

    schema: str
    on: str
    lacking: tuple[Object, ...]

    def grant(self) -> tuple[Sql, ...]:
        what = {"TABLES": keyword("ALL TABLES"), "SEQUENCES": keyword("ALL SEQUENCES")}.get(
            self.on, keyword("ALL ROUTINES")
        )
        return (
            sql(
                "GRANT {} ON {} IN SCHEMA {} TO {}",
                listed(self.privileges),
                what,
                ident(self.schema),
                role(self.grantee),
            ),
        )

    def revoke(self) -> tuple[Sql, ...]:
        statements = []
        for item in self.lacking:
            held = {grant.privilege for grant in item.acl if grant.grantee == self.grantee}
            lost = [privilege for privilege in self.privileges if privilege not in held]
            statements.append(sql("REVOKE {} ON {} FROM {}", listed(lost), object_sql(item), role(self.grantee)))
        return tuple(statements)

    def present(self, seen: Look, instance: str, database: str) -> bool:
        kinds = MEMBERS_OF[self.on]
        return not any(
            item.kind in kinds and seen.lacks(item.acl, self.grantee, self.privileges)
            for item in seen.objects(instance, database).get(self.schema, ())
        )

    def where(self) -> str:
        return f"all {self.on.lower()} in schema {quote_ident(self.schema)}"


@dataclass(frozen=True, slots=True)
class OnTable(Entry):
    """A right on one table. ``there`` False: a migration of this plan makes it, so the grant asks for it first."""

    schema: str
    table: str
    there: bool

    def grant(self) -> tuple[Sql, ...]:
        name = ident(self.schema, self.table)
        return self._guarded(sql("GRANT {} ON TABLE {} TO {}", listed(self.privileges), name, role(self.grantee)))

    def revoke(self) -> tuple[Sql, ...]:
        name = ident(self.schema, self.table)
        return self._guarded(sql("REVOKE {} ON TABLE {} FROM {}", listed(self.privileges), name, role(self.grantee)))

    def _guarded(self, statement: Sql) -> tuple[Sql, ...]:
        if self.there:
            return (statement,)
        body = sql(
            "BEGIN IF pg_catalog.to_regclass({}) IS NOT NULL THEN {}; END IF; END",
            literal(str(ident(self.schema, self.table))),
            statement,
        )
        return (sql("DO {}", literal(body.shown())),)

    def present(self, seen: Look, instance: str, database: str) -> bool:
        table = seen.table(instance, database, self.schema, self.table)
        return table is not None and not seen.lacks(table.acl, self.grantee, self.privileges)

    def where(self) -> str:
        return f"table {quote_ident(self.schema)}.{quote_ident(self.table)}"


@dataclass(frozen=True, slots=True)
class OnDefault(Entry):
    """A right on every object of a kind that ``owner`` makes in a schema from now on."""

    owner: str
    schema: str
    on: str

    def grant(self) -> tuple[Sql, ...]:
        return (
            sql(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT {} ON {} TO {}",
                ident(self.owner),
                ident(self.schema),
                listed(self.privileges),
                words(self.on),
                role(self.grantee),
            ),
        )

    def revoke(self) -> tuple[Sql, ...]:
        return (
            sql(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} REVOKE {} ON {} FROM {}",
                ident(self.owner),
                ident(self.schema),
                listed(self.privileges),
                words(self.on),
                role(self.grantee),
            ),
        )

    def present(self, seen: Look, instance: str, database: str) -> bool:
        row = seen.default_acl(instance, database, self.owner, self.schema, self.on)
        return row is not None and not seen.lacks(row.acl, self.grantee, self.privileges)

    def where(self) -> str:
        return f"future {self.on.lower()} in schema {quote_ident(self.schema)}"


@dataclass(frozen=True, kw_only=True)
class GrantStep(Step):
    """A step that gives what ``entries`` say: only those that the snapshot lacks, so the way back is exact.

    ``acting_as`` is the owner role that a login which is not superuser takes on meanwhile; empty for a superuser.
    """

    lock: ClassVar[str] = "none on data; short row locks in the catalog"

    entries: tuple[Entry, ...]
    acting_as: str = ""

    def say(self) -> str:
        return f"grant {'; '.join(entry.say() for entry in self.entries)}"

    def do(self) -> tuple[Effect, ...]:
        return acting(self.acting_as, [one for entry in self.entries for one in entry.grant()])

    def undo(self) -> tuple[Effect, ...]:
        return acting(self.acting_as, [one for entry in reversed(self.entries) for one in entry.revoke()])

    def done(self, found: Found) -> bool:
        seen = look(found)
        return all(entry.present(seen, self.instance, self.database or "") for entry in self.entries)


def acting(owner: str, statements: Iterable[Sql]) -> tuple[Effect, ...]:
    """The statements, run as ``owner`` when it is not empty."""
    plain: tuple[Effect, ...] = tuple(Statement(statement) for statement in statements)
    if not owner or not plain:
        return plain
    return (Statement(sql("SET ROLE {}", ident(owner))), *plain, Statement(keyword("RESET ROLE")))


def acts_as(found: Found, instance: str, owner: str) -> str:
    """The role to act as: ``owner``, or empty when the admin login is superuser and need not."""
    server = found.servers.get(instance)
    return "" if server is None or server.superuser else owner


def missing(found: Found, database: WantedDatabase, wishes: Iterable[Wish], *, pending: bool) -> Iterator[Entry]:
    """The entries that ``wishes`` ask for and the snapshot lacks. ``pending``: migrations of the owner are to come."""
    seen = look(found)
    instance, name = database.instance, database.name
    for wish in wishes:
        if wish.on == "SCHEMA":
            row = seen.contents(instance, name).schemas.get(wish.schema)
            lost = seen.lacks(row.acl, wish.grantee, wish.privileges) if row else wish.privileges
            if lost:
                yield OnSchema(wish.grantee, lost, wish.schema)
        elif wish.table:
            table = seen.table(instance, name, wish.schema, wish.table)
            if table is None and not pending:
                continue
            lost = seen.lacks(table.acl, wish.grantee, wish.privileges) if table else wish.privileges
            if lost:
                yield OnTable(wish.grantee, lost, wish.schema, wish.table, table is not None)
        else:
            # rights on future objects are set before migrations run, by default_privileges
            entry = missing_on_all(seen, instance, name, wish)
            if entry is not None:
                yield entry


def missing_on_all(seen: Look, instance: str, database: str, wish: Wish) -> OnAll | None:
    """One grant on all objects of the wish's kind, when any of them lacks it."""
    kinds = MEMBERS_OF[wish.on]
    lacking = tuple(
        item
        for item in seen.objects(instance, database).get(wish.schema, ())
        if item.kind in kinds and seen.lacks(item.acl, wish.grantee, wish.privileges)
    )
    return OnAll(wish.grantee, wish.privileges, wish.schema, wish.on, lacking) if lacking else None


def has_pending(design: Design, found: Found, database: WantedDatabase, service: str) -> bool:
    """Whether migrations of the service are still to run in the database."""
    ledger = {
        (row.service, row.name): row.sha256 for row in look(found).contents(database.instance, database.name).migrations
    }
    files = any((service, file.name) not in ledger for file in design.migrations.get(service, ()))
    digest = design.commands.get(service)
    return files or (digest is not None and ledger.get((service, "command")) != digest)
