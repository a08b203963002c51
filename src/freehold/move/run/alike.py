"""Compares the catalogs of both sides; reads only."""

from __future__ import annotations

from dataclasses import replace

from freehold.layouts.model import ServiceRoles
from freehold.move import grants, identity, policies
from freehold.move.alike import Catalog, Difference, catalog, differences, question
from freehold.move.model import Move
from freehold.move.run.around import defaults_of
from freehold.move.run.world import World
from freehold.ports import Session
from freehold.sqltext import keyword

__all__ = ["alike", "read"]

_ROLES = keyword("SELECT rolname FROM pg_catalog.pg_roles")
_KEPT = keyword("SELECT pg_catalog.to_regclass('freehold.move_kept') IS NOT NULL")
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
    """What is there, as the session's transaction sees it; replica identities as they were before the move."""
    answers = [
        str(session.query(one)[0][0])
        for one in (
            question(move.schemas, (roles.owner, roles.app, roles.ro)),
            grants.question(move.schemas),
            policies.question(move.schemas),
        )
    ]
    said = defaults_of(session, move, roles)
    found = catalog(answers[0], answers[1], answers[2], said, [str(name) for (name,) in session.query(_ROLES)])
    items = dict(found.items)
    for name, letter in session.query(identity.originals(move)) if session.query(_KEPT)[0][0] is True else ():
        one = items.get(("table", str(name)))
        if one is not None:
            items["table", one.name] = replace(one, said={**one.said, "replica identity": letter})
    return replace(found, items=items)
