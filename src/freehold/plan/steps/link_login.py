"""Drops the logins of links that are gone, with everything they may do.

Why: a login that nothing uses any more is a password that nobody rotates. Only logins are meant that are named as
Freehold names those of links and hold rights in this platform's databases.

Lock: none on data; rows of the catalog.
Undo: none; declare the read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Database, Found
from freehold.plan.linked import ENDINGS
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.spec.names import slug
from freehold.sqltext import ident, sql


@dataclass(frozen=True, kw_only=True)
class DropLinkLogin(Step):
    """A login without a link: its rights in one database, and (``last``) the login itself."""

    kind: ClassVar[str] = "drop_link_login"
    phase: ClassVar[Phase] = Phase.CLEANUP
    rank: ClassVar[int] = 30
    lock: ClassVar[str] = "none on data; rows of the catalog"
    action: Action = Action.DROP
    destructive: bool = True

    role: str
    last: bool

    def say(self) -> str:
        what = f"drop login {ident(self.role)}" if self.last else f"drop the rights of login {ident(self.role)}"
        return f"{what}, whose link is gone; it has no undo"

    def do(self) -> tuple[Effect, ...]:
        rights = Statement(sql("DROP OWNED BY {}", ident(self.role)))
        return (rights, Statement(sql("DROP ROLE {}", ident(self.role)))) if self.last else (rights,)

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        if self.last:
            return look(found).role(self.instance, self.role) is None
        database = look(found).database(self.instance, self.database)
        return database is None or not _holds(database, self.role)


def _holds(database: Database, role: str) -> bool:
    """Whether the role has any right in the database."""
    inside = database.contents
    acls = [database.acl]
    if inside is not None:
        acls += [schema.acl for schema in inside.schemas.values()]
        acls += [item.acl for item in inside.objects]
        acls += [default.acl for default in inside.default_acls]
    return any(grant.grantee == role for acl in acls for grant in acl)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    start = slug(design.platform.name) + "_"
    for instance, roles in wanted(design).roles.items():
        server = found.servers.get(instance)
        if server is None:
            continue
        mine = sorted(name for (where, name) in wanted(design).databases if where == instance)
        for role in sorted(server.roles.values(), key=lambda role: role.name):
            named = role.name.startswith(start) and role.name.endswith(ENDINGS) and role.name not in roles
            if not named or role.superuser:
                continue
            places = [name for name in mine if name in server.databases and _holds(server.databases[name], role.name)]
            for name in places:
                yield DropLinkLogin(
                    instance=instance,
                    database=name,
                    name=f"{role.name} in {name}",
                    role=role.name,
                    last=name == places[-1],
                )


link_login = StepKind(wants=_wants)
