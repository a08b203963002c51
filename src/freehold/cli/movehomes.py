"""Where services live by moves: what databases tell, what was put away, what is settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from freehold.cli import instances
from freehold.cli.context import Context
from freehold.cli.moveworld import database_there
from freehold.cli.underway import known_as
from freehold.layouts.placement import place
from freehold.local.movesfile import Known
from freehold.move.model import Side

if TYPE_CHECKING:
    from freehold.move.state import Standing


def find(context: Context) -> tuple[Known, ...]:
    """Ask the databases for the moves of this platform and write down what they say; the moves found.

    Begins where the declaration places the services, and goes on to where moves have taken them. Raises Unreachable.
    """
    from freehold.move.run.healing import rows

    context.folder.ensure()
    found: dict[str, list[Standing]] = {}
    asked: set[tuple[str, str]] = set()
    there = context.at({})
    while left := [one for one in there.placements.databases() if one not in asked]:
        instances.start(there)
        for place_ in left:
            asked.add(place_)
            if not database_there(there, Side(*place_)):
                continue
            session = there.servers.admin(*place_)
            try:
                for one in rows(session):
                    if one.move.platform == context.platform.name:
                        found.setdefault(one.move.id, []).append(one)
            finally:
                session.close()
        there = context.at({sides[0].move.service: sides[0].move.goes for sides in found.values()})
    told = {id_: known_as(sides) for id_, sides in found.items()}
    # what changed roles in place stands in no database: it is known here or nowhere
    kept = [told.pop(one.move.id, one) for one in context.moves.read() if one.in_place or one.move.id in told]
    entries = tuple(told.values())
    context.moves.write((*kept, *entries))
    context.forget_homes()
    return tuple(kept) + entries


def settle(context: Context) -> bool:
    """Forget moves that have ended and whose outcome the declaration says itself; whether all is as declared."""
    declared = place(context.platform)
    known_moves = context.moves.read()
    now = place(context.platform, context.homes)
    left = tuple(
        one
        for one in known_moves
        if not one.ended or (declared.of(one.move.service) != now.of(one.move.service) and _latest(one, known_moves))
    )
    if left != known_moves:
        context.moves.write(left)
    return not left


def _latest(entry: Known, moves: Sequence[Known]) -> bool:
    return [one for one in moves if one.move.service == entry.move.service][-1] is entry
