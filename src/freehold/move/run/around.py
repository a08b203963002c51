"""What belongs to a service and is no object in its schemas: brought to the new home when all else is there."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Finding
from freehold.layouts.model import ServiceRoles
from freehold.move import bridge, defaults, homeless, settings
from freehold.move.model import Move
from freehold.ports import Session
from freehold.spec.names import service_logins
from freehold.sqltext import ident, join, keyword, literal, sql

__all__ = ["carry", "defaults_of"]


_COMMENTS = """\
SELECT n.nspname, pg_catalog.obj_description(n.oid, 'pg_namespace') FROM pg_catalog.pg_namespace AS n
 WHERE n.nspname = ANY (ARRAY[{}]::name[])"""
_ROLES = keyword("SELECT rolname FROM pg_catalog.pg_roles")


def carry(source: Session, target: Session, move: Move) -> tuple[Finding, ...]:
    """Give the new home what lies around the service's objects at the old one. May run again. The findings name what
    could not be given to a role because the target does not have it."""
    _settings(source, target, move)
    _comments(source, target, move)
    return tuple(_defaults(source, target, move))


def _comments(source: Session, target: Session, move: Move) -> None:
    asked = sql(_COMMENTS, join(", ", [literal(name) for name in move.schemas]))
    wanted, have = ({str(name): said for name, said in one.query(asked)} for one in (source, target))
    for name in have:
        if wanted.get(name) != have[name]:
            text = wanted.get(name)
            said = keyword("NULL") if text is None else literal(str(text))
            target.execute(sql("COMMENT ON SCHEMA {} IS {}", ident(name), said))


def defaults_of(session: Session, move: Move, roles: ServiceRoles) -> defaults.Defaults:
    """The default privileges of one side."""
    asked = defaults.question(move.schemas, (roles.owner, roles.app, roles.ro))
    return defaults.defaults(str(session.query(asked)[0][0]))


def _defaults(source: Session, target: Session, move: Move) -> Iterator[Finding]:
    there = frozenset(str(name) for (name,) in target.query(_ROLES))
    wanted = defaults.mapped(defaults_of(source, move, move.source_roles), move.role_on_target)
    settled = defaults.settle(wanted, defaults_of(target, move, move.target_roles), there)
    if settled.statements:
        target.execute(join(";\n", settled.statements))
    return homeless.defaults(move.service, settled.homeless)


def _settings(source: Session, target: Session, move: Move) -> None:
    here, there = (
        settings.lines(str(session.query(settings.question((roles.owner, roles.app, roles.ro)))[0][0]))
        for session, roles in ((source, move.source_roles), (target, move.target_roles))
    )
    for statement in settings.carry(move, here, there):
        target.execute(statement)
    # whoever still comes under the login of an earlier home gets what the login of this one has
    for login in (move.target_roles.app, move.target_roles.ro):
        values = [str(row[0]) for row in target.query(bridge.settings(move.target.database, login))]
        for (used,) in target.query(bridge.standing_in(login)):
            if str(used) in _logins(move):
                for statement in bridge.same_settings(move.target.database, str(used), values):
                    target.execute(statement)


def _logins(move: Move) -> frozenset[str]:
    """The logins that the service has, or had in another layout."""
    had = (move.source_roles.app, move.source_roles.ro)
    return frozenset((*had, *service_logins(move.platform, move.service)))
