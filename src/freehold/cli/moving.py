"""Each piece of work on the move of one service."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from freehold.cli import instances, movelinks, verbs
from freehold.cli.context import Context
from freehold.cli.made import LOGINS
from freehold.cli.movechecks import blocked, preflight, proved
from freehold.cli.movetasks import Task, new_move
from freehold.cli.moveworld import database_there, majors_of, servers_of, steering, world_of
from freehold.cli.watching import BRIEFLY_S, LONGER_S
from freehold.errors import FreeholdError, LocalStateError, Unreachable
from freehold.finding import Finding
from freehold.local.movesfile import Known
from freehold.move import events
from freehold.move.machine import ENDED, Phase, demand
from freehold.move.model import SOURCE, TARGET, Move, other
from freehold.sqltext import literal, sql

if TYPE_CHECKING:
    from freehold.move.run.beginning import Work
    from freehold.move.run.switching import Limits, Switched
    from freehold.move.run.world import Traffic, World
    from freehold.plan.model import Step

PROVISIONS = frozenset(
    {
        "control_schema",
        "database",
        "database_access",
        "default_privileges",
        "extension",
        "host_based_access",
        "membership",
        "password",
        "pool_lookup",
        "public_schema",
        "role",
        "role_setting",
        "schema",
        "schema_access",
        "server_setting",
    }
)
"""The kinds of steps that make a home before anything is in it."""


def begin(
    context: Context, task: Task, *, jobs: int, dry_run: bool, backup: bool
) -> tuple[Known | None, tuple[Finding, ...]]:
    """Bring a service to where a cutover can begin; goes on with a move that was interrupted.

    None where something is in the way, or nothing but a look was asked for: the findings say what. Nothing of the
    move is left then.
    """
    from freehold.move.run.beginning import start

    context.folder.ensure()
    entry = next((one for one in context.moves.read() if one.move.service == task.service and not one.ended), None)
    if entry is not None and entry.move.goes != task.goes:
        raise FreeholdError(
            f'service "{task.service}" is on its way to another home, under layout "{entry.move.layout}"',
            hint=f"Finish that move, or give it up: freehold move abort --service {task.service}",
        )
    told: tuple[Finding, ...] = ()
    if entry is None:
        there = context.at({task.service: task.goes})
        instances.start(there)
        move = new_move(context, task)
        told = preflight(context, move, made=False)
        if dry_run or blocked(told):
            return None, told
        entry = Known(move, made_database=not database_there(there, move.target))
        context.moves.put(entry)
        _register(context, entry)
        provision(context, move)
        told = preflight(context, move)
        if blocked(told):
            _withdraw(context, entry)
            return None, told
    elif dry_run:
        return None, preflight(context, entry.move)
    move = entry.move
    instances.start(context.at({move.service: move.goes}))
    with world_of(context, move) as world:
        told += start(world, move, _work(context, world, move, jobs, backup=backup))
    return entry, told


def _register(context: Context, entry: Known) -> None:
    """Write the move down where its service lives before anything is made for it: `find` looks there when this machine
    has lost its own record."""
    from freehold.move.run.beginning import register
    from freehold.move.state import MADE_DATABASE, note

    with world_of(context, entry.move) as world:
        register(world, entry.move)
        with world.session(entry.move.source) as source:
            source.execute(note(entry.move, {MADE_DATABASE: entry.made_database}))


def _work(context: Context, world: World, move: Move, jobs: int, *, backup: bool) -> Work:
    """What ``start`` needs of this machine; with ``backup`` an archive that was proved to be whole comes first."""
    from freehold.local.backups import BackupFolder
    from freehold.move import backup as archives
    from freehold.move.run.backup import back_up
    from freehold.move.run.beginning import Work
    from freehold.pg.archiving import PgArchiver

    kept = BackupFolder(context.folder)

    def save() -> None:
        with suppress(LocalStateError, ValueError):
            if archives.manifest(kept.noted(archives.name(move.id))).verified_at:
                return
        archiver = PgArchiver(world.servers.addresses(), majors_of(world.servers, move), context.binaries())
        back_up(world, archiver, kept, move)

    return Work(jobs, lambda: provision(context, move), save if backup else None)


def _withdraw(context: Context, entry: Known) -> None:
    from freehold.move.run.retiring import abort as do

    move = entry.move
    entry = next(one for one in context.moves.read() if one.move.id == move.id)
    unlink = (lambda: movelinks.unlead(context, move, TARGET)) if entry.linked else lambda: None
    with world_of(context, entry.move) as world:
        do(world, entry.move, made_database=entry.made_database, unlink=unlink)
    context.moves.put(replace(entry, ended=True))


def provision(context: Context, move: Move) -> None:
    """Roles, database, extensions and empty schemas of the service at its new home, as a plan makes them."""
    there = context.at({move.service: move.goes})
    made = verbs.plan(there, authoritative=False, allow_destroy=False, services=[move.service], moving=True)
    steps = tuple(step for step in made.plan.steps if _at_home(step, move))
    if steps:
        movelinks.foresee(context, move, steps)
        verbs.apply(there, replace(made, plan=replace(made.plan, steps=steps)), wait_ms=60_000)
    if move.source.instance != move.target.instance:
        _let_follow(context.at({move.service: move.came}), move)
    # where nobody lives yet nobody is disturbed
    lived_in = {one.instance for one in context.placements.services}
    instances.restart_pending(there, restart=True, only={move.target.instance} - lived_in)
    if tables := movelinks.used(context, move):
        movelinks.lead(context, move, tables)


def _let_follow(here: Context, move: Move) -> None:
    """Let the login in under which the target follows the source."""
    made = verbs.plan(here, authoritative=False, allow_destroy=False, services=[move.service], moving=True)
    lines = tuple(
        step for step in made.plan.steps if (step.kind, step.instance) == ("host_based_access", move.source.instance)
    )
    if lines:
        verbs.apply(here, replace(made, plan=replace(made.plan, steps=lines)), wait_ms=60_000)


def _at_home(step: Step, move: Move) -> bool:
    if step.instance != move.target.instance or step.kind not in PROVISIONS:
        return False
    if step.kind == "database":
        return step.name == move.target.database
    if step.kind in LOGINS:  # what else comes is let in there, or reads there
        return True
    return step.database in (None, move.target.database) and step.service in ("", move.service)


def switch(context: Context, entry: Known, from_side: str, limits: Limits, *, unverified: bool = False) -> Switched:
    """Cut over, or roll back: take the service from a side to the other."""
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
        if from_side == SOURCE and not unverified:
            proved(world, move, here)
        took = go(world, move, from_side, here.epoch, clients, limits)
        _settled(context, move, other(from_side), clients)
    if move.source_roles != move.target_roles:
        from freehold.cli import logins

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
        side = do(world, move, clients, replace(world, servers=servers_of(context, move)))
        _settled(context, move, side, clients)
    return side


def _settled(context: Context, move: Move, side: str, clients: Traffic) -> None:
    """Write down where the service lives, and lead the pool there once more: an `up` that did not know it yet may have
    led it back in between. One that writes later looks at what is written down afterwards."""
    context.moves.homed(move, side)
    clients.redirect(side)


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
                unlink = (lambda: movelinks.unlead(context, move, TARGET)) if entry.linked else lambda: None
                do(world, move, made_database=entry.made_database, unlink=unlink)
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


def resume(context: Context, entry: Known, *, jobs: int, backup: bool) -> None:
    """Go on with a start that was interrupted; nothing happens to a move that is past it."""
    from freehold.move.run.beginning import start

    move = entry.move
    instances.start(context.at({move.service: move.goes}))
    with world_of(context, move) as world:
        start(world, move, _work(context, world, move, jobs, backup=backup))
