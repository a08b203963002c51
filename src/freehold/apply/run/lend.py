"""Lends the short-lived login that acts as a service's owner role, to a person or to maintenance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from freehold.apply import deploy, resume
from freehold.apply.run.locks import held
from freehold.apply.run.tidy import remove_login
from freehold.apply.run.world import World
from freehold.errors import ServerError
from freehold.found.model import Found
from freehold.layouts.model import Placement
from freehold.plan.model import Design
from freehold.ports import Session
from freehold.sqltext import ident, keyword, sql

WAIT_MS = 10_000.0
_SUPERUSER = keyword("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER")


@dataclass(frozen=True, slots=True)
class Lent:
    """A login that stops working at ``until`` (the server's clock, UTC), or at the next apply."""

    user: str
    until: str
    password: str = field(repr=False)


def lend(world: World, placement: Placement) -> Lent:
    """Make the deploy login of a service; one that was lent before stops working.

    ``placement`` must have been applied. Raises ServerError, and Busy while an apply runs: it may be using the login.
    """
    with (
        held(world, (placement.instance,), WAIT_MS),
        world.session(placement.instance, placement.database) as (session, _),
    ):
        return make_login(world, session, placement)


@contextmanager
def lending(world: World, placement: Placement) -> Iterator[Session]:
    """A session of the deploy login of a service; the login is dropped at the end.

    The platform's lock is held meanwhile: an apply that begins would take the login for one that a killed run left.
    Where the administrator is a superuser, the login may set ``session_replication_role``, and as itself (SET ROLE
    NONE) it sees the rows of the service past their policies. Raises as ``lend``.
    """
    with (
        held(world, (placement.instance,), WAIT_MS),
        world.session(placement.instance, placement.database) as (admin, _),
    ):
        lent = make_login(world, admin, placement)
        try:
            if admin.query(_SUPERUSER)[0][0]:
                admin.execute(sql("GRANT SET ON PARAMETER session_replication_role TO {}", ident(lent.user)))
                admin.execute(sql("ALTER ROLE {} BYPASSRLS", ident(lent.user)))
            session = world.servers.login(placement.instance, placement.database, lent.user, lent.password)
            try:
                yield session
            finally:
                session.close()
        finally:
            with suppress(ServerError):
                remove_login(world, admin, placement.instance, lent.user)


def make_login(world: World, session: Session, placement: Placement) -> Lent:
    """Make the deploy login of a service, under the platform's lock; one that was lent before stops working.
    ``session`` is the administrator's, in the service's database."""
    name = deploy.names(world.run.platform, [placement.service])[0]
    login = deploy.Login(name, placement.roles.owner, placement.database, (*placement.schemas, "pg_temp"))
    if session.query(resume.leftover_logins((name,))):
        remove_login(world, session, placement.instance, name)
    superuser = bool(session.query(_SUPERUSER)[0][0])
    until = str(session.query(deploy.EXPIRY)[0][0])
    password, verifier = world.secrets.ephemeral(deploy.LIFETIME_MINUTES)
    with session.transaction():
        for statement in deploy.create(login, until, superuser):
            session.execute(statement, lambda _name: verifier)
    return Lent(name, until, password)


def outstanding(design: Design, found: Found) -> tuple[str, ...]:
    """The short-lived logins that exist now: lent, or left by a run that was killed."""
    names = set(deploy.names(design.platform.name, (service.name for service in design.platform.services)))
    return tuple(sorted({name for server in found.servers.values() for name in server.roles if name in names}))
