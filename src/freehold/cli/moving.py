"""Each piece of work on the move of one service."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from freehold.cli import movelinks
from freehold.cli.context import Context
from freehold.cli.movechecks import known_alike, known_equal, proved
from freehold.cli.moveworld import steering, world_of
from freehold.cli.underway import servers_of
from freehold.cli.verifying import verifying
from freehold.cli.watching import BRIEFLY_S, LONGER_S
from freehold.errors import FreeholdError, Unreachable
from freehold.local.movesfile import Known
from freehold.move import events
from freehold.move.machine import ENDED, Phase, demand
from freehold.move.model import SOURCE, TARGET, Move
from freehold.sqltext import literal, sql

if TYPE_CHECKING:
    from freehold.move.run.switching import Limits, Switched
    from freehold.move.run.world import World
    from freehold.move.verify.model import Options


def switch(
    context: Context,
    entry: Known,
    from_side: str,
    limits: Limits,
    *,
    unverified: bool = False,
    within_ms: int | None = None,
    verify: Options | None = None,
) -> Switched:
    """Cut over, or roll back: take the service from a side to the other. A cutover needs a full verification not older
    than ``within_ms``, where that is said; a rollback none, but none that found a difference; both need the same
    definitions. With ``verify`` everything is compared now, and what is written until the pause begins."""
    from freehold.move.run.healing import standings
    from freehold.move.run.switching import switch as go

    move = entry.move
    if entry.in_place:
        raise FreeholdError(
            f'service "{move.service}" stays in its database and has its new roles by now',
            hint="`freehold move complete` ends its old login; moving to the old layout brings the old roles back.",
        )
    with world_of(context, move) as world, steering(context, move) as clients:
        found = standings(world, move)
        here = found.get(from_side)
        if here is None or not here.open:
            phase = here.phase if here is not None else Phase.STARTED
            demand(move.service, phase, "cutover" if from_side == SOURCE else "rollback")
            raise FreeholdError(
                f'service "{move.service}" is not served there', hint="Look at it with `freehold move status`."
            )
        demand(move.service, here.phase, "cutover" if from_side == SOURCE else "rollback")
        with ExitStack() as stack:
            if verify is not None:
                known_alike(world, move)
                world = replace(world, ready=stack.enter_context(verifying(world, move, from_side, verify)))
            elif not unverified and from_side == SOURCE:
                proved(world, move, found, within_ms)
            elif not unverified:
                known_equal(world, move, found)
            took = go(world, move, from_side, here.epoch, clients, limits)
    from freehold.cli import logins

    # where there is no pool, the home itself is what the service connects to
    context.forget_homes()
    logins.write_env_files(context)
    return took


def heal(context: Context, entry: Known, waits_s: Sequence[int] = (BRIEFLY_S, LONGER_S)) -> str:
    """End a switch that was interrupted; the side that serves. Each of ``waits_s`` is an attempt: for so long a host
    that does not answer is waited for, while clients of the other one wait too. Raises Unreachable after the last."""
    for wait_s in waits_s[:-1]:
        with suppress(Unreachable):
            return _heal(context, entry, wait_s)
    return _heal(context, entry, waits_s[-1])


def _heal(context: Context, entry: Known, wait_s: int) -> str:
    from freehold.move.run.healing import heal as do

    move, soon = entry.move, context.hurried(wait_s)
    with (
        world_of(soon, move, dumps=False) as world,
        steering(soon, move) as clients,
        world.step(events.Step.HEAL),
    ):
        return do(world, move, clients, replace(world, servers=servers_of(context, move)))


def complete(context: Context, entry: Known, together: Collection[str] = ()) -> tuple[str, ...]:
    """End a move for good; where the old tables wait. ``together`` are the services whose moves end in one command."""
    from freehold.move.run.healing import standings
    from freehold.move.run.look import look
    from freehold.move.run.retiring import complete as do

    move = entry.move
    retired: tuple[str, ...] = ()
    with world_of(context, move) as world:
        if not entry.in_place:
            found = standings(world, move)
            phase = found[TARGET].phase if TARGET in found else Phase.STARTED
            if phase is not Phase.RETIRING:
                demand(move.service, phase, "complete")
            movelinks.refuse_standing(context, move, look(world, move, move.source).dependents, together)
            movelinks.relead(context, move)
            mirrored = movelinks.mirrored(context, move)
            with world.step(events.Step.COMPLETE):
                retired = do(world, move, mirrored, lambda: movelinks.unlead(context, move, SOURCE))
            world.tell(events.PhaseReached(Phase.COMPLETED))
    context.moves.put(replace(entry, home=TARGET, ended=True))
    return retired


def abort(context: Context, entry: Known) -> None:
    """Give a move up; the service stays where it was."""
    from freehold.move.run.backup import sweep
    from freehold.move.run.healing import standings
    from freehold.move.run.retiring import abort as do

    move = entry.move
    with world_of(context, move) as world:
        found = standings(world, move)
        if SOURCE in found and found[SOURCE].phase not in ENDED:
            demand(move.service, found[SOURCE].phase, "abort")
        with world.step(events.Step.ABORT):
            sweep(world, move)
            if SOURCE in found:
                _refuse_upon_copy(world, move)
                do(world, move, made_database=entry.made_database, unlink=lambda: movelinks.given_up(context, entry))
        world.tell(events.PhaseReached(Phase.ABORTED))
    context.moves.put(replace(entry, home=SOURCE, ended=True))


def _refuse_upon_copy(world: World, move: Move) -> None:
    """Raise FreeholdError where something of another service stands on the copy that would be dropped."""
    from freehold.move.run.look import look

    if not world.servers.admin(move.target.instance).query(
        sql("SELECT 1 FROM pg_catalog.pg_database WHERE datname = {}", literal(move.target.database))
    ):
        return
    for one in look(world, move, move.target).dependents:
        if one.uses_schema in move.schemas and one.kind != "default value":
            raise FreeholdError(
                f"{one.kind} {one.name} of another service reads {one.uses}, which an abort would drop",
                hint="Move that service away first, or drop what stands there.",
            )
