"""Lends a person the short-lived login that acts as a service's owner role, outside of any migration."""

from __future__ import annotations

from dataclasses import dataclass, field

from freehold.apply import deploy, resume
from freehold.apply.run.tidy import remove_login
from freehold.apply.run.world import World
from freehold.layouts.model import Placement
from freehold.sqltext import keyword

_SUPERUSER = keyword("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER")


@dataclass(frozen=True, slots=True)
class Lent:
    """A login that stops working at ``until`` (the server's clock, UTC), or at the next apply."""

    user: str
    until: str
    password: str = field(repr=False)


def lend(world: World, placement: Placement) -> Lent:
    """Make the deploy login of a service; one that was lent before stops working.

    ``placement`` must have been applied. Raises ServerError.
    """
    name = deploy.names(world.run.platform, [placement.service])[0]
    login = deploy.Login(name, placement.roles.owner, placement.database, (*placement.schemas, "pg_temp"))
    with world.session(placement.instance, placement.database) as (session, _):
        if session.query(resume.leftover_logins((name,))):
            remove_login(world, session, placement.instance, name)
        superuser = bool(session.query(_SUPERUSER)[0][0])
        until = str(session.query(deploy.EXPIRY)[0][0])
        password, verifier = world.secrets.ephemeral(deploy.LIFETIME_MINUTES)
        with session.transaction():
            for statement in deploy.create(login, until, superuser):
                session.execute(statement, lambda _name: verifier)
    return Lent(name, until, password)
