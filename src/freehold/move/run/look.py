"""What a service has on one side, read in one query."""

from __future__ import annotations

from collections.abc import Sequence

from freehold.move.catalog import inventory, question
from freehold.move.model import Inventory, Move, Side
from freehold.move.run.world import World

__all__ = ["look", "look_at"]


def look(world: World, move: Move, side: Side) -> Inventory:
    """The Inventory of one side of the move."""
    roles = move.source_roles if side == move.source else move.target_roles
    return look_at(world, side, move.schemas, (roles.owner, roles.app, roles.ro))


def look_at(world: World, side: Side, schemas: Sequence[str], roles: Sequence[str]) -> Inventory:
    """The Inventory of these schemas; ``roles`` own the service's large objects."""
    with world.admin(side) as session:
        ((answer,),) = session.query(question(schemas, roles))
    return inventory(side, schemas, str(answer))
