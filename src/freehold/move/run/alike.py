"""Compares the catalogs of both sides; reads only."""

from __future__ import annotations

from freehold.layouts.model import ServiceRoles
from freehold.move import grants, policies
from freehold.move.alike import Catalog, Difference, catalog, differences, question
from freehold.move.model import Move
from freehold.move.run.world import World
from freehold.ports import Session
from freehold.sqltext import keyword

__all__ = ["alike", "read"]

_ROLES = keyword("SELECT rolname FROM pg_catalog.pg_roles")
_ONE_MOMENT = keyword("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def alike(world: World, move: Move) -> tuple[Difference, ...]:
    """Everything in which the definitions of the service differ between the sides; empty when they are the same."""
    found: list[Catalog] = []
    for side, roles in ((move.source, move.source_roles), (move.target, move.target_roles)):
        with world.admin(side) as session, session.transaction():
            session.execute(_ONE_MOMENT)
            found.append(read(session, move, roles))
    return differences(move, *found)


def read(session: Session, move: Move, roles: ServiceRoles) -> Catalog:
    """What is there, as the session's transaction sees it."""
    answers = [
        str(session.query(one)[0][0])
        for one in (
            question(move.schemas, (roles.owner, roles.app, roles.ro)),
            grants.question(move.schemas),
            policies.question(move.schemas),
        )
    ]
    return catalog(answers[0], answers[1], answers[2], [str(name) for (name,) in session.query(_ROLES)])
