"""What belongs to a service and is no object in its schemas: brought to the new home when all else is there."""

from __future__ import annotations

from freehold.move import bridge, settings
from freehold.move.model import Move
from freehold.ports import Session
from freehold.spec.names import service_logins

__all__ = ["carry"]


def carry(source: Session, target: Session, move: Move) -> None:
    """Give the new home what lies around the service's objects at the old one. May run again."""
    _settings(source, target, move)


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
