"""Everything before a service can be switched, in order and each piece safe to repeat: the work of ``start``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from freehold.errors import FreeholdError
from freehold.finding import Finding
from freehold.move import bridge
from freehold.move.control import control_sql
from freehold.move.events import PhaseReached, Step
from freehold.move.machine import PREPARING, Phase
from freehold.move.model import SOURCE, TARGET, Move
from freehold.move.run import structure
from freehold.move.run.arming import guard
from freehold.move.run.copying import copy_rows
from freehold.move.run.following import begin, caught_up
from freehold.move.run.healing import rows
from freehold.move.run.look import look
from freehold.move.run.world import World
from freehold.move.state import Standing, insert, to_phase
from freehold.ports import Session
from freehold.spec.names import service_logins
from freehold.sqltext import Sql, keyword, literal, resolver, sql

CLOSE_MS = 1_000.0
"""How quickly a row must cross before a service is said to be followed."""


@dataclass(frozen=True)
class Work:
    """What ``start`` is given: how many sessions copy side by side, what makes roles, database and empty schemas on the
    target, and what saves the service before anything of it is touched."""

    jobs: int
    provision: Callable[[], None]
    save: Callable[[], None] | None = None


def register(world: World, move: Move) -> Standing:
    """Write the move down at the source; where that was done before, what is written there."""
    with world.session(move.source) as source:
        for statement in control_sql():
            source.execute(statement)
        source.execute(insert(move, SOURCE, world.who))
        return next(one for one in rows(source) if one.move.id == move.id)


def start(world: World, move: Move, work: Work) -> tuple[Finding, ...]:
    """Bring the move from the state that it has to ``following``. May be killed anywhere and run again.

    The findings name what could not be given to a role that the target does not have.
    """
    reached = register(world, move).phase
    world.tell(PhaseReached(reached))
    told: list[Finding] = []
    if reached is Phase.STARTED and work.save is not None:
        with world.step(Step.BACKUP):
            work.save()
    steps: tuple[tuple[Phase, Step, Callable[[], tuple[Finding, ...]]], ...] = (
        (Phase.PROVISIONED, Step.PROVISION, lambda: _provision(world, move, work)),
        (Phase.STRUCTURED, Step.STRUCTURE, lambda: _structure(world, move)),
        (Phase.COPIED, Step.COPY, lambda: _copy(world, move, work)),
        (Phase.INDEXED, Step.INDEX, lambda: _finish(world, move, work)),
        (Phase.FOLLOWING, Step.FOLLOW, lambda: _follow(world, move)),
    )
    for phase, step, do in steps:
        if PREPARING.index(reached) >= PREPARING.index(phase):
            continue
        with world.step(step):
            told += do()
        for side in (move.target, move.source):
            with world.session(side) as session:
                session.execute(to_phase(move, phase))
        reached = phase
        world.tell(PhaseReached(phase))
    return tuple(told)


def _provision(world: World, move: Move, work: Work) -> tuple[Finding, ...]:
    work.provision()
    with world.session(move.target) as target, world.session(move.source) as source:
        for statement in control_sql():
            target.execute(statement)
        target.execute(insert(move, TARGET, world.who))
        bridge_over(world, move, source, target)
        _ledger(move, source, target)
    return ()


def _structure(world: World, move: Move) -> tuple[Finding, ...]:
    inventory = look(world, move, move.source)
    # from here on the definitions of both sides must stay the same
    guard(world, move, SOURCE, inventory, refusing=False)
    return structure.before(world, move, inventory)


def _copy(world: World, move: Move, work: Work) -> tuple[Finding, ...]:
    copy_rows(world, move, look(world, move, move.source), work.jobs)
    return ()


def _finish(world: World, move: Move, work: Work) -> tuple[Finding, ...]:
    told = structure.after(world, move, look(world, move, move.source), work.jobs)
    guard(world, move, TARGET, look(world, move, move.target), refusing=True)
    return told


def _follow(world: World, move: Move) -> tuple[Finding, ...]:
    begin(world, move, look(world, move, move.source))
    caught_up(world, move, SOURCE, CLOSE_MS)
    return ()


def bridge_over(world: World, move: Move, source: Session, target: Session) -> None:
    """Let the login that the service uses now in at its new home, where it may do what the new one may; and any from
    before an earlier move, which may still be in use."""
    resolve = resolver(world.secrets.password, world.secrets.verifier)
    earlier = [
        (str(used), stands_for)
        for had, stands_for in bridge.both(move.source_roles, move.target_roles)
        for (used,) in source.query(bridge.standing_in(had))
        if used != stands_for and used in service_logins(move.platform, move.service)
    ]
    for used, stands_for in (*bridge.pairs(move.source_roles, move.target_roles), *earlier):
        if target.query(bridge.stands_the_other_way(used, stands_for)):
            if move.source != move.target:
                raise FreeholdError(
                    f'login "{stands_for}" stands for "{used}" since an earlier move, and cannot be stood for by it',
                    hint="Let the service use its own login (its env file has it), then run"
                    " `freehold apply --authoritative --allow-destroy`, which ends what is left of that move.",
                )
            target.execute(bridge.revoke(stands_for, used))
        if not target.query(bridge.login_there(used)):
            target.execute(bridge.make_login(used), resolve)
        values = [str(row[0]) for row in target.query(bridge.settings(move.target.database, stands_for))]
        for statement in (
            *bridge.build(move.target.database, used, stands_for),
            *bridge.same_settings(move.target.database, used, values),
        ):
            target.execute(statement)


def _ledger(move: Move, source: Session, target: Session) -> None:
    """The migrations that made what is copied count as applied where it is copied to."""
    if source.query(_LEDGER_THERE)[0][0] is not True:
        return
    for row in source.query(_ledger_of(move.service)):
        target.execute(
            sql(
                "INSERT INTO freehold.migration (service, name, sha256, applied_at, applied_by, run, duration_ms)"
                " SELECT r.* FROM pg_catalog.json_to_record({}::pg_catalog.json) AS r (service text, name text,"
                " sha256 text, applied_at timestamptz, applied_by text, run uuid, duration_ms numeric)"
                " ON CONFLICT (service, name) DO NOTHING",
                literal(str(row[0])),
            )
        )


_LEDGER_THERE = keyword("SELECT pg_catalog.to_regclass('freehold.migration') IS NOT NULL")


def _ledger_of(service: str) -> Sql:
    return sql(
        "SELECT pg_catalog.row_to_json(m)::text FROM freehold.migration AS m WHERE service = {} ORDER BY name",
        literal(service),
    )
