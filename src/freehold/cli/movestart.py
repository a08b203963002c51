"""The start of the move of one service: its new home made, its rows copied and followed; gone on with, or undone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from freehold.cli import instances, movelinks, verbs
from freehold.cli.context import Context
from freehold.cli.made import LOGINS
from freehold.cli.movechecks import blocked, preflight
from freehold.cli.movelending import lend
from freehold.cli.movetasks import Task, new_move
from freehold.cli.moveworld import database_there, majors_of, world_of
from freehold.errors import FreeholdError, LocalStateError
from freehold.finding import Finding
from freehold.local.movesfile import Known
from freehold.move.model import Move

if TYPE_CHECKING:
    from freehold.move.run.beginning import Work
    from freehold.move.run.world import World
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
    lend(context, move)
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
    with world_of(context, entry.move) as world:
        do(world, entry.move, made_database=entry.made_database, unlink=lambda: movelinks.given_up(context, entry))
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
    if context.platform.service(move.service).reads:
        movelinks.lead(context, move, movelinks.used(context, move))


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


def resume(context: Context, entry: Known, *, jobs: int, backup: bool) -> None:
    """Go on with a start that was interrupted; nothing happens to a move that is past it."""
    from freehold.move.run.beginning import start

    move = entry.move
    instances.start(context.at({move.service: move.goes}))
    with world_of(context, move) as world:
        start(world, move, _work(context, world, move, jobs, backup=backup))
    lend(context, move)
