"""Switches a service from the side that serves to the side that follows, within a pause that has a limit.

At any instant at most one side takes writes (``control`` says why), and the process that does this may die anywhere:
``healing`` brings the service back to one side or the other from what the two databases say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from freehold.errors import FreeholdError, ServerError, Unreachable
from freehold.move import control, fence, follow
from freehold.move.events import PhaseReached, Retried, Step, StepBegun, StepDone
from freehold.move.machine import Phase
from freehold.move.model import SOURCE, Inventory, Move, other
from freehold.move.run import holders, views
from freehold.move.run.arming import Armed, arm, steady
from freehold.move.run.following import alive, direction
from freehold.move.run.healing import check_keys, lead, reopen, settle
from freehold.move.run.held import Held
from freehold.move.run.notnow import NotNow
from freehold.move.run.world import LOCKED, Traffic, World
from freehold.move.state import note, to_phase
from freehold.ports import Session
from freehold.sqltext import Sql, keyword, sql

POLL_MS = 0.5
RESERVE_MS = 250.0
"""An attempt that could not close its side was given up in 10 to 15 ms on two busy cores; slower ones need more."""
_OVERDUE = "57014"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long anything may take. ``pause_ms`` is the whole time that clients may wait; ``hold_ms`` the part of it for
    transactions to end; ``lock_ms`` for each lock that a writer past the pool holds; ``lag_ms`` what a row may take to
    cross beforehand, ``steady_ms`` how long to wait for that."""

    pause_ms: float = 2_000.0
    hold_ms: int = 500
    lock_ms: int = 300
    lag_ms: float = 200.0
    steady_ms: float = 60_000.0
    tries: int = 10
    retry_ms: float = 1_000.0

    @property
    def reserve_ms(self) -> float:
        """The end of the pause, left to give the attempt up and to let clients go."""
        return min(RESERVE_MS, self.pause_ms / 4)


@dataclass(frozen=True, slots=True)
class Switched:
    """What a switch took. ``pause_ms`` from the moment that clients were held back until they were let go;
    ``stages_ms`` its parts; ``tries`` how many attempts there were; ``unchecked`` the keys that came back and that rows
    break."""

    pause_ms: float
    stages_ms: Mapping[str, float]
    tries: int
    unchecked: tuple[str, ...] = ()


def _too_long() -> NotNow:
    return NotNow("the pause took too long", hint="The service serves where it did. Try again.")


@dataclass
class _Watch:
    world: World
    began_ms: float
    last_ms: float
    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, step: Step) -> Iterator[None]:
        """A part of the pause, with all the time since the last one ended."""
        self.world.tell(StepBegun(step))
        yield
        now = self.world.clock.monotonic_ms()
        self.stages[step.value] = round(now - self.last_ms, 3)
        self.world.tell(StepDone(step, self.stages[step.value]))
        self.last_ms = now

    def left_ms(self, limits: Limits) -> float:
        """What may still be spent on the switch; NotNow when that is nothing."""
        left = limits.pause_ms - limits.reserve_ms - (self.world.clock.monotonic_ms() - self.began_ms)
        if left <= 0:
            raise _too_long()
        return left


def switch(world: World, move: Move, near_side: str, epoch: int, traffic: Traffic, limits: Limits) -> Switched:
    """Take the service from ``near_side``, which is open under ``epoch``, to the other side.

    Tries again where somebody's transaction was in the way. Raises NotNow after ``limits.tries``; the service then
    serves where it did, and every attempt lasted no longer than its limit.
    """
    seen: views.Seen = {}
    for number in range(1, limits.tries + 1):
        world = replace(world, attempt=number)
        try:
            with world.step(Step.ARM):
                armed = arm(world, move, near_side, epoch)
            with world.step(Step.TRIAL):
                traffic.prepare(other(near_side))
            with world.step(Step.STEADY):
                steady(world, move, near_side, limits.lag_ms, limits.steady_ms)
                if not seen and (seen := views.refresh(world, move, near_side)):
                    steady(world, move, near_side, limits.lag_ms, limits.steady_ms)
            world.ready()
            with world.watch(move, limits.pause_ms, world.tell) as served:
                held = Held(world, traffic, near_side, limits.pause_ms)
                took = _attempt(world, move, near_side, armed, held, limits)
                lead(world, move, other(near_side), traffic)
                served()
                unchecked = settle(world, move)
        except NotNow as error:
            if number == limits.tries:
                settle(world, move)
                raise
            check_keys(world, move, near_side)
            world.tell(Retried(error.message, limits.tries))
            # two who wait for each other must not come back together
            world.clock.sleep_ms(limits.retry_ms * (1 + world.clock.monotonic_ms() % 1.0))
            continue
        pause_ms = round(sum(took.values()), 3)
        with world.session(move.place(other(near_side))) as far:
            far.execute(note(move, {"pause_ms": pause_ms, "stages_ms": took, "tries": number}))
        views.refresh_late(world, move, near_side, seen)
        return Switched(pause_ms, took, number, unchecked)
    raise AssertionError


def _attempt(world: World, move: Move, near_side: str, armed: Armed, traffic: Held, limits: Limits) -> dict[str, float]:
    far_side = other(near_side)
    fencing = Phase.FENCED if near_side == SOURCE else Phase.FENCED_BACK
    ending = Phase.SWITCHED if near_side == SOURCE else Phase.FOLLOWING
    token = f"cut:{armed.epoch}:{world.clock.monotonic_ms():.3f}"
    closing = fence.fence(
        move, armed.near, armed.grants, armed.near.crossing_keys, token, armed.attempt, fencing, limits.lock_ms
    )
    opening = fence.open_up(move, armed.far, armed.epoch + 1, armed.attempt, ending, armed.kept, limits.lock_ms)
    with world.session(move.place(near_side)) as near, world.session(move.place(far_side)) as far:
        began = world.clock.monotonic_ms()
        watch = _Watch(world, began, began)
        with watch.part(Step.HOLD):
            if not traffic.hold(limits.hold_ms):
                raise NotNow(
                    "a transaction did not end in time", hint="Nobody is held back. End it, or allow more time."
                )
        with watch.part(Step.FENCE):
            _fence(near, closing, armed.near, traffic, watch, limits)
        world.tell(PhaseReached(fencing))
        try:
            with watch.part(Step.DRAIN):
                _drain(world, move, near_side, far, token, watch, limits)
            with watch.part(Step.SEQUENCES):
                for session in (near, far):
                    session.execute(sql("SET statement_timeout = {}", max(1, int(watch.left_ms(limits)))))
                _ready(move, near, far, far_side, armed)
            opening = fence.within(opening, watch.left_ms(limits))
        except FreeholdError as error:
            # nothing was opened yet, whatever happened on the other side
            _give_up(world, move, near_side, armed, traffic)
            raise _softened(error) from None
        try:
            with watch.part(Step.OPEN):
                far.execute(opening)
        except Unreachable:
            raise  # it may have been opened: only a look at both sides can tell
        except ServerError as error:
            _give_up(world, move, near_side, armed, traffic)
            raise _softened(error) from None
        world.tell(PhaseReached(ending))
        with watch.part(Step.REDIRECT):
            traffic.redirect(far_side)
            traffic.release()
        near.execute(keyword("SET statement_timeout = 0"))
        near.execute(to_phase(move, ending))
    return watch.stages


def _fence(near: Session, closing: Sql, inventory: Inventory, traffic: Traffic, watch: _Watch, limits: Limits) -> None:
    try:
        near.execute(fence.within(closing, watch.left_ms(limits)))
    except Unreachable:
        raise  # it may be closed: only a look can tell
    except (ServerError, NotNow) as error:
        try:
            if isinstance(error, ServerError) and error.sqlstate in (*LOCKED, _OVERDUE):
                raise NotNow(
                    f"somebody past the pool holds tables that must be locked{holders.told(near, inventory)}",
                    hint="Nobody is held back. End their transactions, or let them be shorter.",
                ) from None
            raise
        finally:
            traffic.release()


def _give_up(world: World, move: Move, near_side: str, armed: Armed, traffic: Traffic) -> None:
    reopen(world, move, near_side, armed.attempt, armed.near)
    world.tell(PhaseReached(Phase.FOLLOWING if near_side == SOURCE else Phase.SWITCHED))
    traffic.redirect(near_side)
    traffic.release()


def _softened(error: FreeholdError) -> FreeholdError:
    """An attempt that met a lock, or the end of its time, may be made again."""
    if isinstance(error, ServerError) and error.sqlstate in LOCKED:
        return NotNow(f"the home that opens could not be locked in time: {error.message}", hint=error.hint)
    if isinstance(error, ServerError) and error.sqlstate == _OVERDUE:
        return _too_long()
    return error


def _drain(world: World, move: Move, near_side: str, far: Session, token: str, watch: _Watch, limits: Limits) -> None:
    """Wait until what was written last is on the other side: then everything is."""
    question = control.arrived(move.id, token)
    while not far.query(question):
        try:
            watch.left_ms(limits)
        except NotNow:
            alive(move, far, near_side)
            raise NotNow(
                "the other side did not catch up in time", hint="The service serves where it did. Try again."
            ) from None
        world.clock.sleep_ms(POLL_MS)


def _ready(move: Move, near: Session, far: Session, far_side: str, armed: Armed) -> None:
    """Sequences as they were left, and a way back that begins here."""
    sequences = armed.near.sequences
    if sequences:
        rows = near.query(fence.read_sequences(sequences))
        values = [(int(str(n)), int(str(value)), called is True) for n, value, called in rows]
        far.query(fence.set_sequences(sequences, values))
    if min(armed.near.version, armed.far.version) < follow.ORIGIN_SINCE:
        # before 16 a side neither asks nor tells what came by replication: it would be sent back
        for statement in follow.advance_slot(move.id, direction(far_side)):
            far.execute(statement)
    far.execute(keyword("SET synchronous_commit = on"))
