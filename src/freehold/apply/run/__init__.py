"""Send the steps of a plan: under the platform's lock, journalled, side by side where they are independent.

What holds at every instant: a transactional batch and its journal rows are there together or not at all; a password
is on the disk before the server hears of it; nothing new begins after a failure. So a run that ends anywhere, by an
error or by SIGKILL, is continued by making a new plan and applying that.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

from freehold.apply.fresh import still_valid
from freehold.apply.model import Applied, Lane, Timing, waves
from freehold.apply.run.batch import Sender, StepFailed
from freehold.apply.run.locks import held, still_held
from freehold.apply.run.settings import pending
from freehold.apply.run.tidy import settle, tidy
from freehold.apply.run.together import Together
from freehold.apply.run.world import World
from freehold.errors import ApplyFailed, Busy, FreeholdError, Unreachable
from freehold.found.journal import Run
from freehold.found.model import Found
from freehold.plan.model import Design, Phase, Plan, Statement, Step
from freehold.plan.order import batches, undo_batches
from freehold.ports import Clock, Commands, Progress, Secrets, Servers
from freehold.sqltext import keyword

__all__ = ["LOCK_WAIT_MS", "Applied", "apply", "undo"]

LOCK_WAIT_MS = 60_000.0


def apply(
    plan: Plan,
    design: Design,
    servers: Servers,
    secrets: Secrets,
    clock: Clock,
    commands: Commands,
    progress: Progress,
    *,
    who: str,
    workers: int = 8,
    wait_ms: float = 2_000.0,
    lock_wait_ms: float = LOCK_WAIT_MS,
    look: Callable[[], Found] | None = None,
    exact: bool = False,
    together: Together | None = None,
) -> Applied:
    """Make the steps of ``plan``.

    ``wait_ms``: how long to wait for another run of the platform; ``lock_wait_ms``: how long a batch tries again
    when others hold what it needs. ``look`` reads what the plan was made from; given, it is read again under the
    lock, and a plan that another run overtook raises StalePlan instead of failing halfway. ``exact``: any change
    since makes it stale, as it must for a plan that somebody approved. ``together``: tables in use that are all taken
    before one is changed.

    Raises Busy, StalePlan, ApplyFailed (naming what is done and what is left), Unreachable. May run again at any time.
    """
    world = _world(plan, design, servers, secrets, clock, commands, progress, who, lock_wait_ms)
    world.together = together
    return _go(world, plan, design, workers, wait_ms, look, exact=exact, backward=False)


def undo(
    plan: Plan,
    design: Design,
    servers: Servers,
    secrets: Secrets,
    clock: Clock,
    commands: Commands,
    progress: Progress,
    *,
    who: str,
    workers: int = 8,
    wait_ms: float = 2_000.0,
    lock_wait_ms: float = LOCK_WAIT_MS,
) -> Applied:
    """Take back the steps of ``plan``, which was applied and nothing else since, in reverse order. Raises as apply."""
    world = _world(plan, design, servers, secrets, clock, commands, progress, who, lock_wait_ms)
    return _go(world, plan, design, workers, wait_ms, None, exact=True, backward=True)


def _world(
    plan: Plan,
    design: Design,
    servers: Servers,
    secrets: Secrets,
    clock: Clock,
    commands: Commands,
    progress: Progress,
    who: str,
    lock_wait_ms: float,
) -> World:
    session = servers.admin(design.placements.home)
    try:
        run = str(session.query(keyword("SELECT pg_catalog.gen_random_uuid()::text"))[0][0])
    finally:
        session.close()
    return World(
        servers, secrets, clock, commands, progress, Run(run, plan.platform, who), len(plan.steps), lock_wait_ms
    )


def _go(
    world: World,
    plan: Plan,
    design: Design,
    workers: int,
    wait_ms: float,
    look: Callable[[], Found] | None,
    *,
    exact: bool,
    backward: bool,
) -> Applied:
    home = design.placements.home
    if not plan.steps:
        # another run that is under way tidies for itself
        with suppress(Busy), held(world, [instance.name for instance in design.placements.instances], 0.0) as locks:
            tidy(world, locks, plan, design)
            settle(world, design)
        return Applied(journal_id=world.run.id)
    instances = (home, *sorted({step.instance for step in plan.steps} - {home}))
    with held(world, instances, wait_ms) as locks:
        # before tidying: a login that an interrupted run left was there when the plan was made, too
        if look is not None:
            left = still_valid(plan, design, look(), exact=exact)
            if left != plan:
                world.say(f"{len(plan.steps) - len(left.steps)} steps were done by another run meanwhile")
                world.total = len(left.steps)
                plan = left
        tidy(world, locks, plan, design)
        # each password is on the disk before any server hears of it
        for name in _secrets(plan):
            world.resolve(name)
        timings: list[Timing] = []
        sender = Sender(world, backward=backward)
        for wave in waves((undo_batches if backward else batches)(plan.steps)):
            if lost := still_held(locks):
                raise _failed(
                    world,
                    plan,
                    None,
                    Unreachable(
                        f'the lock on instance "{lost}" was lost with its connection',
                        hint="Check that the server runs.",
                        sqlstate="08006",
                    ),
                )
            timings += _wave(world, plan, sender, wave, workers)
        settle(world, design)
        touched = sorted({step.instance for step in plan.steps if step.phase is Phase.SERVER})
        restart = tuple(instance for instance in touched if pending(world, instance))
    return Applied(len(world.finished), 0, world.run.id, tuple(timings), restart)


def _wave(world: World, plan: Plan, sender: Sender, wave: tuple[Lane, ...], workers: int) -> list[Timing]:
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(wave)))) as pool:
        futures = [pool.submit(sender.lane, lane) for lane in wave]
        try:
            wait(futures)
        except BaseException:
            # Ctrl-C: what runs may end its transaction, nothing new begins
            world.stopping = True
            raise
    failures = [error for future in futures if (error := future.exception())]
    for error in failures:
        if not isinstance(error, StepFailed):
            raise error
    for error in failures:
        if isinstance(error, StepFailed):
            raise _failed(world, plan, error.step, error.cause, also=len(failures) - 1) from error.cause
    return [timing for future in futures for timing in future.result()]


def _failed(world: World, plan: Plan, step: Step | None, cause: FreeholdError, also: int = 0) -> ApplyFailed:
    finished = set(world.finished)
    done = tuple(one.say() for one in plan.steps if one.key in finished)
    left = tuple(one.say() for one in plan.steps if one.key not in finished)
    what = f'step "{step.say()}"' if step else "the run"
    more = f" (and {also} more failed)" if also else ""
    return ApplyFailed(
        f"{what} failed: {cause.message}{more}; {len(done)} steps are done and {len(left)} are left",
        hint=f"{cause.hint} {_next(world, plan)}".strip(),
        done=done,
        left=left,
    )


LIBRARIES = "shared_preload_libraries"


def _next(world: World, plan: Plan) -> str:
    waiting = set()
    for instance in {step.instance for step in plan.steps}:
        with suppress(FreeholdError):
            if pending(world, instance, LIBRARIES):
                waiting.add(instance)
    if not waiting:
        return "Then run `freehold apply` again: it goes on with what is left."
    return (
        f"{LIBRARIES} waits for a restart of {', '.join(sorted(waiting))}: `freehold apply --restart` restarts"
        " instances of our own and goes on with what is left."
    )


def _secrets(plan: Plan) -> list[str]:
    return sorted(
        {
            name
            for step in plan.steps
            for effect in step.do()
            if isinstance(effect, Statement)
            for name in effect.sql.secrets
        }
    )
