"""Where services live by moves: roles that change in place, what databases tell, what was put away, what is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from freehold.cli import instances, verbs
from freehold.cli.context import Context
from freehold.cli.movetasks import Task, new_move
from freehold.cli.moveworld import database_there, databases_of, world_of
from freehold.layouts.placement import place
from freehold.local.movesfile import Known
from freehold.move.machine import ENDED, Phase
from freehold.move.model import SOURCE, TARGET, Side

if TYPE_CHECKING:
    from freehold.move.state import Standing


def take_over(context: Context, task: Task) -> None:
    """Give a service that stays in its database the roles of another layout: what it owns and may do follows, and the
    login that it used goes on working until its env file is read anew. May be killed anywhere and run again.

    Meanwhile the old owner may look into the schema still: the check of a foreign key acts as the owner of the table,
    and the schema changes hands before its tables do.
    """
    from freehold.move import bridge
    from freehold.move.run.beginning import bridge_over
    from freehold.plan.order import in_order

    there = context.at({task.service: task.goes})
    # a client that waits for less than its deadlock_timeout is never chosen to give way
    there.__dict__["servers"] = replace(there.servers, lock_timeout_ms=_YIELD_MS)
    old, new = task.source.roles.owner, task.target.roles.owner
    made = verbs.plan(there, authoritative=False, allow_destroy=True, services=[task.service], moving=True)
    if roles := tuple(step for step in made.plan.steps if step.kind == "role"):
        verbs.apply(there, replace(made, plan=replace(made.plan, steps=roles)), wait_ms=60_000)
    begun = [one for one in context.moves.read() if one.move.service == task.service and one.in_place and not one.ended]
    move = begun[0].move if begun else new_move(context, task)
    # from here on pg_hba.conf lets both logins in
    context.moves.put(Known(move, home=SOURCE))
    with world_of(context, move) as world, world.session(move.target) as session:
        for schema in move.schemas:
            session.execute(bridge.hand_over(schema, old, new))
        made = verbs.plan(there, authoritative=False, allow_destroy=True, services=[task.service], moving=True)
        owners = [one for one in made.plan.undeclared if one.kind == "object_owner" and one.service == task.service]
        steps = in_order([*made.plan.steps, *owners])
        if steps:
            verbs.apply(there, replace(made, plan=replace(made.plan, steps=steps)), wait_ms=60_000)
        for schema in move.schemas:
            session.execute(bridge.shut_out(schema, old))
        bridge_over(world, move, session, session)
    context.moves.put(Known(move, home=TARGET, ended=True))
    context.forget_homes()


_YIELD_MS = 500


def purge(context: Context, services: Sequence[str]) -> tuple[str, ...]:
    """Drop what completed moves put away; the services whose old tables are gone."""
    from freehold.move.run.healing import rows
    from freehold.move.run.retiring import purge as do

    found: list[str] = []
    for instance in context.placements.instances:
        for database in databases_of(context, instance.name):
            session = context.servers.admin(instance.name, database)
            try:
                there = rows(session)
            finally:
                session.close()
            for one in there:
                mine = one.side == SOURCE and one.move.platform == context.platform.name
                if mine and one.phase is Phase.COMPLETED and (not services or one.move.service in services):
                    with world_of(context, one.move) as world:
                        if do(world, one.move):
                            found.append(one.move.service)
    return tuple(found)


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
    entries = tuple(_found(sides) for sides in found.values())
    context.moves.write(entries)
    context.forget_homes()
    return entries


def _found(sides: Sequence[Standing]) -> Known:
    home = next((one.side for one in sides if one.open), SOURCE)
    return Known(sides[0].move, home, ended=all(one.phase in ENDED for one in sides))


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
