"""Sends batches: a transaction with its journal rows, or one statement at a time with a row before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count, groupby

from freehold.apply.journal import entry as entry_of
from freehold.apply.model import Lane, Timing
from freehold.apply.run.migrate import Deploy, command, deploying, migrate
from freehold.apply.run.settings import reload
from freehold.apply.run.world import World
from freehold.errors import FreeholdError, MigrationError, MissingRight, ServerError
from freehold.found import journal
from freehold.found.control import control_sql
from freehold.found.journal import Entry
from freehold.found.locks import GIVING_WAY, backoff_ms, retriable
from freehold.plan.model import Action, Effect, Later, Phase, RunCommand, RunMigration, Statement, Step, WriteHba
from freehold.plan.order import Batch
from freehold.ports import Session
from freehold.sqltext import ident, sql

EffectsOf = Callable[[Step], tuple[Effect, ...]]
"""``Step.do`` or ``Step.undo``."""


class StepFailed(Exception):
    """``step`` could not be made, and ``cause`` says why. Nothing of the step's transaction stayed."""

    def __init__(self, step: Step, cause: FreeholdError) -> None:
        super().__init__(cause.message)
        self.step = step
        self.cause = cause

    @property
    def in_the_way(self) -> bool:
        """Whether somebody else was only there first, so that the same may go well in a moment."""
        return isinstance(self.cause, ServerError) and retriable(self.cause.sqlstate, self.cause.message)


class Sender:
    """Sends the batches of one run, forward (``Step.do``) or backward (``Step.undo``)."""

    def __init__(self, world: World, *, backward: bool) -> None:
        self._world = world
        self._backward = backward
        self._outcome = "undone" if backward else "done"

    def lane(self, lane: Lane) -> list[Timing]:
        """Send the batches of ``lane`` in order. Raises StepFailed, and sets ``stopping`` for all other lanes."""
        timings: list[Timing] = []
        try:
            # the migrations of one service share a login
            for service, group in groupby(lane, self._migrating):
                if service is None:
                    for batch in group:
                        timings += self._timed(batch, self._send)
                else:
                    timings += self._migrations(tuple(group))
            if lane[0].phase is Phase.SERVER and not self._world.stopping:
                reload(self._world, lane[0].instance)
        except BaseException:
            self._world.stopping = True
            raise
        return timings

    def _migrating(self, batch: Batch) -> str | None:
        """The service whose migrations the batch holds, or None for anything else."""
        effects = self._effects(batch.steps[0])
        return effects[0].service if effects and isinstance(effects[0], RunMigration | RunCommand) else None

    def _effects(self, step: Step) -> tuple[Effect, ...]:
        return step.undo() if self._backward else step.do()

    def _timed(self, batch: Batch, send: Callable[[Batch], None]) -> list[Timing]:
        if self._world.stopping:
            return []
        began = self._world.clock.monotonic_ms()
        send(batch)
        spent = self._world.clock.monotonic_ms() - began
        return [Timing(batch.instance, batch.database or "", batch.phase.name.lower(), len(batch.steps), spent)]

    def _send(self, batch: Batch) -> None:
        if batch.transactional:
            try:
                self._patiently(lambda: self._transaction(batch))
            except StepFailed as failed:
                self._note_failure(batch, failed)
                raise
        else:
            for step in batch.steps:
                self._alone(batch, step)

    def _patiently(self, work: Callable[[], None]) -> None:
        """Do ``work`` until nobody else is in its way, or the time is over."""
        deadline = self._world.clock.monotonic_ms() + self._world.lock_wait_ms
        for attempt in count():
            try:
                return work()
            except StepFailed as failed:
                if not failed.in_the_way or self._world.clock.monotonic_ms() >= deadline:
                    raise
                self._world.say(f"trying again: {failed.cause.message}")
                self._world.clock.sleep_ms(backoff_ms(0 if self._world.together else attempt, self._world.jitter()))

    def _transaction(self, batch: Batch) -> None:
        """The whole batch and its journal rows, committed together."""
        world = self._world
        with blamed(batch.steps[0]), world.session(batch.instance, batch.database) as (session, pid):
            had_journal = has_journal(session)
            entries: list[Entry] = []
            # before the transaction: its own locks would be in the way of the snapshot
            work = [(step, self._worked_out(self._effects(step))) for step in batch.steps]
            place = f'{batch.phase.name.lower()} of "{batch.database or batch.instance}"'
            with world.watched(batch.instance, pid, place) as waits, session.transaction():
                session.query(GIVING_WAY)
                if world.together is not None and world.together.there(batch.instance, batch.database):
                    with blamed(batch.steps[0], waits):
                        world.together.take(session, world.clock.monotonic_ms())
                for step, effects in work:
                    with blamed(step, waits):
                        began = world.clock.monotonic_ms()
                        for effect in effects:
                            self._effect(session, batch, effect)
                        spent = world.clock.monotonic_ms() - began
                        entries.append(entry_of(step, effects, self._outcome, spent))
                if self._keeps_journal(session, batch, had_journal):
                    self._settle(session, batch)
                    session.execute(journal.insert(world.run, entries))
        for step in batch.steps:
            world.finish(step.key, step.say())

    def _alone(self, batch: Batch, step: Step) -> None:
        """A step that no transaction can hold: its journal row says ``started`` until it is over."""
        world = self._world
        with (
            blamed(step),
            world.session(batch.instance, batch.database) as (session, pid),
            self._journalled(session, batch, step),
            world.watched(batch.instance, pid, step.say()) as waits,
        ):
            for effect in self._worked_out(self._effects(step)):

                def send(effect: Effect = effect) -> None:
                    with blamed(step, waits):
                        self._effect(session, batch, effect)

                self._patiently(send)
        world.finish(step.key, step.say())

    def _migrations(self, batches: tuple[Batch, ...]) -> list[Timing]:
        """The migrations of one service, under one short-lived login."""
        first = batches[0]
        effect = self._effects(first.steps[0])[0]
        assert isinstance(effect, RunMigration | RunCommand)
        assert first.database is not None
        timings: list[Timing] = []
        with blamed(first.steps[0]), self._world.session(first.instance, first.database) as (admin, _):
            self._keeps_journal(admin, first, had_journal=False)
            with deploying(self._world, admin, first.instance, first.database, effect) as here:
                for batch in batches:
                    timings += self._timed(batch, lambda batch: self._migration(batch, here))
        return timings

    def _migration(self, batch: Batch, here: Deploy) -> None:
        for step in batch.steps:
            with blamed(step), self._journalled(here.admin, batch, step):
                for effect in self._effects(step):
                    match effect:
                        case RunMigration():
                            migrate(here, effect)
                        case RunCommand():
                            command(here, effect)
                        case _:
                            self._effect(here.admin, batch, effect)
            self._world.finish(step.key, step.say())

    def _worked_out(self, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """The effects with those that depend on the servers' present state as the statements they come to."""
        found: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Later):
                wanted: dict[str, list[str]] = {}
                for instance, database in effect.reads:
                    wanted.setdefault(instance, []).append(database)
                snapshot = self._world.servers.read(tuple(wanted), wanted)
                found.extend(Statement(statement) for statement in effect.statements(snapshot))
            else:
                found.append(effect)
        return tuple(found)

    def _effect(self, session: Session, batch: Batch, effect: Effect) -> None:
        match effect:
            case Statement(text):
                session.execute(text, self._world.resolve)
            case WriteHba(lines):
                self._world.servers.write_hba(batch.instance, lines)
            case Later() | RunMigration() | RunCommand():
                raise MigrationError(
                    "an effect that is sent in its own way stands among others",
                    hint="This is a defect of Freehold; please report it.",
                )

    @contextmanager
    def _journalled(self, session: Session, batch: Batch, step: Step) -> Iterator[None]:
        """A row before and its outcome after, each committed by itself."""
        if not self._keeps_journal(session, batch, had_journal=False):
            yield
            return
        self._settle(session, batch)
        began = self._world.clock.monotonic_ms()
        entry = entry_of(step, self._effects(step), "started")
        row = int(str(session.query(journal.insert(self._world.run, [entry]))[0][0]))
        try:
            yield
        except (StepFailed, FreeholdError) as error:
            spent = self._world.clock.monotonic_ms() - began
            message = error.cause.message if isinstance(error, StepFailed) else error.message
            # without a connection the row stays "started", and the next run settles it
            with suppress(ServerError):
                session.execute(journal.end(row, entry.ended("failed", spent, message)))
            raise
        spent = self._world.clock.monotonic_ms() - began
        # the step itself may have dropped the journal
        if has_journal(session):
            session.execute(journal.end(row, entry.ended(self._outcome, spent)))

    def _keeps_journal(self, session: Session, batch: Batch, had_journal: bool) -> bool:
        """Whether there is a journal to write to; made when the batch makes anything, unless it was just dropped."""
        if has_journal(session):
            return True
        makes = not self._backward and any(step.action is not Action.DROP for step in batch.steps)
        if had_journal or not makes:
            return False
        try:
            with session.transaction():
                for statement in control_sql():
                    session.execute(statement)
        except MissingRight as error:
            address = self._world.servers.addresses()[batch.instance]
            database = batch.database or address.maintenance_database
            grant = sql("GRANT CREATE ON DATABASE {} TO {}", ident(database), ident(address.user))
            raise MissingRight(
                f'login "{address.user}" may not make schema "freehold" in database "{database}", where the journal'
                f" of what happens there is kept: {error.message}",
                hint=f"Run as the owner of the database or a superuser: {grant.shown()}.",
                sqlstate=error.sqlstate,
            ) from error
        return True

    def _settle(self, session: Session, batch: Batch) -> None:
        place = (batch.instance, batch.database)
        if place not in self._world.settled:
            session.execute(journal.settle(self._world.run))
            self._world.settled.add(place)

    def _note_failure(self, batch: Batch, failed: StepFailed) -> None:
        """The failed transaction took its rows with it; another row says why, unless the server is gone."""
        entry = entry_of(failed.step, self._effects(failed.step), "started")
        with suppress(ServerError), self._world.session(batch.instance, batch.database) as (session, _):
            if has_journal(session):
                session.execute(journal.insert(self._world.run, [entry.ended("failed", 0.0, failed.cause.message)]))


@contextmanager
def blamed(step: Step, waits: list[str] | None = None) -> Iterator[None]:
    """An error inside is an error of ``step``, unless a step is blamed already; ``waits`` says who was in its way."""
    try:
        yield
    except FreeholdError as error:
        if waits and isinstance(error, ServerError) and retriable(error.sqlstate, error.message):
            told = ServerError(f"{error.message}: held by {'; '.join(waits)}", hint=error.hint, sqlstate=error.sqlstate)
            raise StepFailed(step, told) from error
        raise StepFailed(step, error) from error


def has_journal(session: Session) -> bool:
    return session.query(journal.EXISTS)[0][0] is True
