"""Moves that need no copy: a service stays in its database and gets the roles of another layout."""

from __future__ import annotations

from dataclasses import replace

from freehold.cli import verbs
from freehold.cli.context import Context
from freehold.cli.movetasks import Task, new_move
from freehold.cli.moveworld import world_of
from freehold.local.movesfile import Known
from freehold.move import events
from freehold.move.model import SOURCE, TARGET, Move


def take_over(context: Context, task: Task) -> None:
    """Give a service that stays in its database the roles of another layout: what it owns and may do follows, and the
    login that it used goes on working until its env file is read anew. May be killed anywhere and run again.

    Meanwhile the old owner may look into the schema still: the check of a foreign key acts as the owner of the table,
    and the schema changes hands before its tables do.
    """
    from freehold.apply.run.together import Together
    from freehold.move import bridge
    from freehold.move.run.beginning import bridge_over
    from freehold.move.run.look import look
    from freehold.move.run.world import LOCK_TIMEOUT_MS
    from freehold.plan.order import in_order

    there = context.at({task.service: task.goes})
    there.__dict__["servers"] = replace(there.servers, lock_timeout_ms=LOCK_TIMEOUT_MS)
    old, new = task.source.roles.owner, task.target.roles.owner
    begun = [one for one in context.moves.read() if one.move.service == task.service and one.in_place and not one.ended]
    move = begun[0].move if begun else new_move(context, task)
    with world_of(context, move) as world:
        with world.step(events.Step.ROLES):
            made = verbs.plan(there, authoritative=False, allow_destroy=True, services=[task.service], moving=True)
            if roles := tuple(step for step in made.plan.steps if step.kind == "role"):
                verbs.apply(there, replace(made, plan=replace(made.plan, steps=roles)), wait_ms=60_000)
        # from here on pg_hba.conf lets both logins in
        context.moves.put(Known(move, home=SOURCE))
        with world.session(move.target) as session:
            with world.step(events.Step.OWNERSHIP):
                for schema in move.schemas:
                    session.execute(bridge.hand_over(schema, old, new))
                made = verbs.plan(there, authoritative=False, allow_destroy=True, services=[task.service], moving=True)
                mine = [one for one in made.plan.undeclared if one.service == task.service]
                owners = [one for one in mine if one.kind == "object_owner"]
                steps = in_order([*made.plan.steps, *owners])
                if steps:
                    tables = tuple(one.name for one in look(world, move, move.target).tables if not one.partition_of)
                    all_of_it = Together(move.target.instance, move.target.database, tables, LOCK_TIMEOUT_MS)
                    verbs.apply(
                        there,
                        replace(made, plan=replace(made.plan, steps=steps)),
                        wait_ms=60_000,
                        together=all_of_it if tables else None,
                    )
                for schema in move.schemas:
                    session.execute(bridge.shut_out(schema, old))
            with world.step(events.Step.BRIDGE):
                bridge_over(world, move, session, session)
        context.moves.put(Known(move, home=TARGET, ended=True))
        world.tell(_changed(move))
    context.forget_homes()


def _changed(move: Move) -> events.RolesChanged:
    now, before = move.target_roles, move.source_roles
    return events.RolesChanged(
        database=f"{move.target.instance}/{move.target.database}",
        owner=now.owner,
        app=now.app,
        ro=now.ro,
        owner_before=before.owner,
        app_before=before.app,
        ro_before=before.ro,
    )
