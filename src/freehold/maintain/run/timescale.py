"""Time series on hypertables of TimescaleDB, and what is kept for a time of their continuous aggregates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from freehold.finding import Finding
from freehold.maintain import chunks, control, deleting, native, rollups
from freehold.maintain.due_chunks import doubtful, due_chunks, stretches
from freehold.maintain.model import (
    Action,
    AddPartition,
    ChunkAction,
    CompressChunk,
    DeleteRows,
    Done,
    DropChunks,
    DropPartition,
    FinishDetach,
    FinishDrop,
    Held,
    Hyper,
    Kind,
    RefreshRollups,
    State,
    Task,
)
from freehold.maintain.run.hands import Hands
from freehold.maintain.run.removing import past_policies
from freehold.maintain.run.strategy import Outcome
from freehold.maintain.told import absent, done
from freehold.spans import EARLIEST
from freehold.spec.names import show_table
from freehold.spec.series import Hold, Rollup
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, sql


def is_hyper(hands: Hands, task: Task) -> bool:
    """Whether the table is a hypertable or a continuous aggregate."""
    session = hands.admin(task)
    return session.query(chunks.INSTALLED) == [(True,)] and bool(session.query(chunks.hyper_of(task.table)))


class Timescale:
    """``Strategy`` for what TimescaleDB cuts.

    Its own jobs are not used. They run as the owner of the table, who may not log in, and they ask for no legal hold.
    """

    def look(self, hands: Hands, task: Task) -> State:
        session = hands.admin(task)
        found, column_type = chunks.hyper(session.query(chunks.hyper_of(task.table))[0])
        there = chunks.chunks(session.query(chunks.chunks_of(found.relation)))
        found = replace(found, chunks=there)
        state = State(Kind.CUT, column_type, hyper=found)
        return replace(state, hyper=_rolled(hands, task, state, found)) if task.series is not None else state

    def due(self, task: Task, state: State, now: datetime) -> tuple[Action, ...]:
        return () if absent(task, state) else due_chunks(task, _hyper(state), now)

    def would(self, hands: Hands, task: Task, state: State, action: Action) -> Done | None:
        match _ours(action):
            case RefreshRollups() as refresh:
                return done(task, "refresh", refresh)
            case DropChunks() as drop:
                bytes_, rows = _size(hands, task, drop)
                return done(task, "drop", drop, drop.chunks[0], rows, bytes_, about=True)
            case CompressChunk() as compress:
                return done(task, "compress", compress, compress.chunk.table)
            case DeleteRows() as delete:
                hold = task.retention.hold if task.retention else None
                where = chunks.within(delete.column, state.column_type, EARLIEST, delete.before)
                if hold is not None and hold.column:
                    where = sql("{} AND NOT ({})", where, deleting.held(hold))
                rows = int(str(hands.peek(task, chunks.count(delete.table, where))[0][0]))
                return done(task, "delete", delete, delete.table, rows, about=True) if rows else None
            case other:
                assert_never(other)

    def perform(self, hands: Hands, task: Task, state: State, action: Action) -> Iterator[Outcome]:
        match _ours(action):
            case RefreshRollups() as refresh:
                yield from _refresh(hands, task, state, refresh)
            case DropChunks() as drop:
                yield from _drop(hands, task, state, drop)
            case CompressChunk() as compress:
                statement = chunks.compress(_hyper(state).functions, compress.chunk)
                hands.patiently(lambda: hands.owner(task).query(statement))
                name = compress.chunk.table
                hands.record(task, "alter", f"{name.schema}.{name.table}", f"-- {compress.say()}", None)
                yield done(task, "compress", compress, name)
            case DeleteRows() as delete:
                yield from _delete(hands, task, state, delete)
            case other:
                assert_never(other)

    def doubts(self, task: Task, state: State, actions: tuple[Action, ...]) -> Iterator[Finding]:
        if missing := absent(task, state):
            yield missing
            return
        yield from doubtful(task, _hyper(state))


def _hyper(state: State) -> Hyper:
    assert state.hyper is not None
    return state.hyper


def _ours(action: Action) -> ChunkAction:
    assert not isinstance(action, FinishDetach | FinishDrop | AddPartition | DropPartition)
    return action


def _kept_from(hands: Hands, task: Task) -> datetime:
    """From when on the rollups follow the series."""
    session = hands.admin(task)
    if not session.query(control.IS_THERE)[0][0]:
        return EARLIEST
    rows = session.query(chunks.kept_from_of(task.table))
    return rollups.read_moment(rows[0][0]) if rows else EARLIEST


def _rolled(hands: Hands, task: Task, state: State, found: Hyper) -> Hyper:
    """With the rollups that are there, and which of them lack something."""
    assert task.series is not None
    if not task.series.rollups:
        return found
    kept = _kept_from(hands, task)
    newest = hands.peek(task, chunks.extent(task.table, found.column, state.column_type))[0][1]
    there: list[TableName] = []
    stale: list[TableName] = []
    for rollup in task.series.rollups:
        start = chunks.microseconds(rollups.ceiling(kept, rollup.every))
        rows = hands.admin(task).query(chunks.progress_of(rollup.table, start))
        if not rows:
            continue
        there.append(rollup.table)
        if chunks.lacks(rows[0], None if newest is None else int(str(newest)), start):
            stale.append(rollup.table)
    return replace(found, rollups=tuple(there), stale=tuple(stale))


def _refresh(hands: Hands, task: Task, state: State, action: RefreshRollups) -> Iterator[Outcome]:
    """Compute what changed: of a rollup that holds nothing yet about a chunk at a time, so that no call is long."""
    assert task.series is not None
    functions, kept = _hyper(state).functions, _kept_from(hands, task)
    for rollup in task.series.rollups:
        if rollup.table not in action.rollups:
            continue
        start = rollups.ceiling(kept, rollup.every)
        for low, up in _first_steps(hands, task, state, rollup, start):
            step = chunks.refresh(functions, rollup.table, state.column_type, low, up)
            hands.patiently(partial(_execute, hands, task, step))
            hands.say(f"refreshed {show_table(rollup.table)} up to {up}")
        rest = chunks.refresh(functions, rollup.table, state.column_type, None if start == EARLIEST else start, None)
        hands.patiently(partial(_execute, hands, task, rest))
        hands.record(task, "alter", f"{rollup.table.schema}.{rollup.table.table}", f"-- {action.say()}", None)
        yield done(task, "refresh", action, rollup.table)


def _execute(hands: Hands, task: Task, statement: Sql) -> None:
    hands.owner(task).execute(statement)


def _first_steps(
    hands: Hands, task: Task, state: State, rollup: Rollup, start: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The steps in which a rollup is computed for the first time; none afterwards."""
    assert task.series is not None
    ((_, _, _, untouched),) = hands.admin(task).query(chunks.progress_of(rollup.table, chunks.LEAST))
    ((low, high),) = hands.peek(task, chunks.extent(task.table, _hyper(state).column, state.column_type))
    if untouched is not True or low is None or high is None:
        return
    first, last = (chunks.EPOCH + timedelta(microseconds=int(str(edge))) for edge in (low, high))
    yield from rollups.steps(task.series, rollup, (max(first, start), last))


def _size(hands: Hands, task: Task, action: DropChunks) -> tuple[int, int | None]:
    bytes_, rows = hands.admin(task).query(chunks.size(action))[0]
    return int(str(bytes_ or 0)), None if rows is None else int(str(rows))


def _held(hands: Hands, task: Task, state: State, hold: Hold, lower: datetime, upper: datetime) -> int:
    where = chunks.within(_hyper(state).column, state.column_type, lower, upper)
    statement = deleting.count_held(_hyper(state).relation, hold, before=where)
    return int(str(past_policies(hands, task, statement)[0][0]))


def _drop(hands: Hands, task: Task, state: State, action: DropChunks) -> Iterator[Outcome]:
    """Drop the chunks of a stretch, unless a row of it is held.

    Holds are asked for before anything is locked, however long that takes, and once more under the lock that keeps
    writers off: a hold that arrived between the two is seen.
    """
    hyper, hold = _hyper(state), task.retention.hold if task.retention else None
    name = action.chunks[0]
    if hold is not None and (count := _held(hands, task, state, hold, action.lower, action.upper)):
        yield Held(task.service, task.shown, show_table(name), count)
        return
    if task.series is not None and hyper.rollups:
        hands.noted(task).execute(chunks.keep_from(task.table, action.upper))
    size, rows = _size(hands, task, action)
    statement = chunks.drop(hyper.functions, task.table, action, state.column_type)

    def once() -> int:
        session = hands.owner(task)
        with session.transaction():
            session.execute(native.lock(hyper.relation, only=True, mode=native.WRITERS_WAIT))
            with hands.holding(session) as send:
                if hold is not None:
                    where = chunks.within(hyper.column, state.column_type, action.lower, action.upper)
                    late = int(str(send(deleting.count_held(hyper.relation, hold, before=where))[0][0]))
                    if late:
                        return late
                send(statement)
        return 0

    if late := hands.patiently(once):
        yield Held(task.service, task.shown, show_table(name), late)
        return
    told = f"{statement.shown()} -- {len(action.chunks)} chunks"
    hands.record(task, "drop", f"{name.schema}.{name.table}", told, rows)
    yield done(task, "drop", action, name, rows, size, about=True)


def _delete(hands: Hands, task: Task, state: State, action: DeleteRows) -> Iterator[Outcome]:
    """Delete old rows, those of a chunk in a transaction of their own: whatever ends the run, those before are done."""
    assert task.retention is not None
    hyper, hold = _hyper(state), task.retention.hold
    if not hands.peek(task, chunks.any_before(hyper.relation, action.column, state.column_type, action.before))[0][0]:
        return
    if task.series is not None and hyper.rollups:
        hands.noted(task).execute(chunks.keep_from(task.table, action.before))
    total = 0
    for (lower, upper), _ in stretches(hyper.chunks):
        if lower >= action.before:
            break
        where = chunks.within(action.column, state.column_type, lower, min(upper, action.before))
        statement = chunks.delete(hyper.relation, where, hold)
        ((count,),) = hands.patiently(partial(past_policies, hands, task, statement))
        total += int(str(count))
        hands.say(f"deleted {total} rows of {task.shown}")
    if hold is not None and (held := _held(hands, task, state, hold, EARLIEST, action.before)):
        yield Held(task.service, task.shown, "", held)
    if total:
        hands.record(task, "alter", f"{task.table.schema}.{task.table.table}", f"-- {action.say()}", total)
        yield done(task, "delete", action, task.table, total)
