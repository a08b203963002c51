"""Says under which login each reader goes through a foreign server.

Why: a reader's own password opens nothing in the other database; the mapping lends it a login that may do nothing
there but read what is declared. The mapping belongs to the admin login's server, so that the reader can neither see
the password in it nor change it.

The password is in the statement when it is sent, and in no plan, journal or (as superuser) log of the server.

Lock: none on tables; a row of pg_user_mapping.
Undo: a mapping that was made is dropped. One that was replaced cannot be brought back: its password is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from freehold.found.links import UserMapping
from freehold.found.model import Found
from freehold.plan.linked import quietly, through_servers
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Statement, Step, StepKind
from freehold.sqltext import Sql, ident, literal, password_of, sql


@dataclass(frozen=True, kw_only=True)
class UserMappingStep(Step):
    """Role ``role`` is ``login`` on server ``server``. ``digest`` is of its password, None before it has one."""

    kind: ClassVar[str] = "user_mapping"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 38
    lock: ClassVar[str] = "none on tables; one row of pg_user_mapping"

    server: str
    role: str
    login: str
    had_one: bool
    superuser: bool
    digest: str | None = field(default=None, repr=False)

    def say(self) -> str:
        what = f"user mapping of role {ident(self.role)} on foreign server {ident(self.server)}"
        if self.had_one:
            return f"replace the {what} by login {ident(self.login)}; the old password cannot be brought back"
        return f"create the {what}: there it is login {ident(self.login)}, which may only read what is declared"

    def do(self) -> tuple[Effect, ...]:
        create = map_user(self.role, self.server, self.login)
        return quietly(self.superuser, (*((self._drop(),) if self.had_one else ()), create))

    def undo(self) -> tuple[Effect, ...]:
        return () if self.had_one else (Statement(self._drop()),)

    def _drop(self) -> Sql:
        return sql("DROP USER MAPPING FOR {} SERVER {}", ident(self.role), ident(self.server))

    def done(self, found: Found) -> bool:
        have = mapping_of(found, self.instance, self.database, self.server, self.role)
        if have is None or set(have.options) != {("user", self.login)}:
            return False
        # a password that may not be read counts as right
        server = found.servers.get(self.instance)
        return have.digest == self.digest if server is not None and server.superuser else True


def map_user(role: str, server: str, login: str) -> Sql:
    """Let ``role`` be ``login`` on a foreign server."""
    return sql(
        "CREATE USER MAPPING FOR {} SERVER {} OPTIONS (user {}, password {})",
        ident(role),
        ident(server),
        literal(login),
        password_of(login),
    )


def mapping_of(found: Found, instance: str, database: str | None, server: str, role: str) -> UserMapping | None:
    """The mapping of a role on a server, if there is one."""
    servers = look(found).contents(instance, database).foreign_servers
    return next((m for one in servers if one.name == server for m in one.mappings if m.user == role), None)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for link, logins in through_servers(design):
        if link.source[0] not in design.endpoints:
            continue  # said in the notes
        instance, database = link.reader
        server = found.servers.get(instance)
        for role, login in logins.items():
            had = mapping_of(found, instance, database, link.name, role) is not None
            yield UserMappingStep(
                instance=instance,
                database=database,
                name=f"{role} on {link.name}",
                action=Action.ALTER if had else Action.CREATE,
                server=link.name,
                role=role,
                login=login,
                had_one=had,
                superuser=server is not None and server.superuser,
                digest=design.digests.get(login),
            )


user_mapping = StepKind(wants=_wants)
