"""Lets the platform's pools ask a database for the verifier of a login that connects.

Why: PgBouncer can then check a client's password by SCRAM without a list of passwords on its disk, and a new password
works at once. The function shows one verifier at a time, only of logins that may connect to this database, and never
one of a superuser, of a login that replicates or creates roles, or of one whose time is over. Only the platform's
login for pools may call it, and it may do nothing else.

Lock: none on user data.
Undo: the function and the right to call it are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import CONTROL_SCHEMA, Found
from freehold.plan.look import look
from freehold.plan.model import Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.wanted import wanted
from freehold.sqltext import ident, keyword, sql

_FUNCTION = keyword("""\
CREATE OR REPLACE FUNCTION freehold.pool_login(login text) RETURNS TABLE (name text, verifier text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $freehold$
    SELECT a.rolname::text, a.rolpassword FROM pg_catalog.pg_authid AS a
    WHERE a.rolname = pool_login.login AND a.rolcanlogin
        AND NOT (a.rolsuper OR a.rolreplication OR a.rolcreaterole OR a.rolbypassrls)
        AND (a.rolvaliduntil IS NULL OR a.rolvaliduntil > pg_catalog.now())
        AND pg_catalog.has_database_privilege(a.oid, pg_catalog.current_database(), 'CONNECT')
$freehold$""")
assert CONTROL_SCHEMA == "freehold", "the text above spells the name out"


@dataclass(frozen=True, kw_only=True)
class PoolLookup(Step):
    """The function in one database, and the right of the pools' login to call it."""

    kind: ClassVar[str] = "pool_lookup"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "none on user data"

    login: str

    def say(self) -> str:
        return f"let {ident(self.login)} look up the logins of database {ident(self.database or '')} for the pools"

    def do(self) -> tuple[Effect, ...]:
        return (
            Statement(_FUNCTION),
            Statement(keyword("REVOKE ALL ON FUNCTION freehold.pool_login(text) FROM PUBLIC")),
            Statement(sql("GRANT USAGE ON SCHEMA freehold TO {}", ident(self.login))),
            Statement(sql("GRANT EXECUTE ON FUNCTION freehold.pool_login(text) TO {}", ident(self.login))),
        )

    def undo(self) -> tuple[Effect, ...]:
        return (
            Statement(keyword("DROP FUNCTION freehold.pool_login(text)")),
            Statement(sql("REVOKE USAGE ON SCHEMA freehold FROM {}", ident(self.login))),
        )

    def done(self, found: Found) -> bool:
        acl = look(found).contents(self.instance, self.database).pool_lookup
        return acl is not None and any(grant.grantee == self.login and grant.privilege == "EXECUTE" for grant in acl)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    login = design.placements.roles.pool
    for (instance, database), want in wanted(design).databases.items():
        server = found.servers.get(instance)
        # where Freehold may not read verifiers itself, no function of its own can: the pools get a file
        if login and login in want.access and (server is None or server.reads_verifiers):
            yield PoolLookup(instance=instance, database=database, name="pool_login", login=login)


pool_lookup = StepKind(wants=_wants)
