"""Lets a login that a service goes on using through the links of its new home."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from freehold.cli import verbs
from freehold.cli.context import Context
from freehold.move.bridge import standing_in
from freehold.sqltext import resolver

if TYPE_CHECKING:
    from freehold.move.model import Move


def lend(context: Context, move: Move) -> None:
    """Let every login that stands for one of the service at its new home go through the foreign servers there as that
    one does: a server asks who connects, and not for whom it stands. May run again."""
    from freehold.plan.linked import quietly, through_servers
    from freehold.plan.model import Statement
    from freehold.plan.steps.user_mapping import map_user, mapping_of

    there = context.at({move.service: move.goes})
    roles = there.placements.of(move.service).roles
    place = (move.target.instance, move.target.database)
    design = verbs.design_of(there, authoritative=False)
    ways = [(link, logins) for link, logins in through_servers(design) if link.reader == place and roles.app in logins]
    if not ways:
        return
    found = verbs.look(there)
    resolve = resolver(there.secrets.password, there.secrets.verifier)
    with closing(there.servers.admin(*place)) as session:
        for stands_for in (roles.app, roles.ro):
            members = [str(member) for (member,) in session.query(standing_in(stands_for))]
            lacking = [
                map_user(member, link.name, logins[stands_for])
                for member in members
                for link, logins in ways
                if mapping_of(found, *place, link.name, stands_for) and not mapping_of(found, *place, link.name, member)
            ]
            if lacking:
                with session.transaction():
                    for effect in quietly(found.servers[place[0]].superuser, tuple(lacking)):
                        assert isinstance(effect, Statement)
                        session.execute(effect.sql, resolve)
