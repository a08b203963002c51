"""Removes what is too old from a hypertable: chunks at once, or the rows of a chunk; never what is held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from freehold.maintain import chunks, continuous, deleting, native
from freehold.maintain.due_chunks import stretches
from freehold.maintain.model import DeleteRows, DropChunks, Held, Hyper, State, Task
from freehold.maintain.run.hands import Hands
from freehold.maintain.run.removing import past_policies
from freehold.maintain.run.strategy import Outcome
from freehold.maintain.told import done
from freehold.spans import EARLIEST
from freehold.spec.names import show_table
from freehold.spec.series import Hold


def hyper_in(state: State) -> Hyper:
    """What TimescaleDB keeps of a table."""
    assert state.hyper is not None
    return state.hyper


def size_of(hands: Hands, task: Task, action: DropChunks) -> tuple[int, int | None]:
    bytes_, rows = hands.admin(task).query(chunks.size(action))[0]
    return int(str(bytes_ or 0)), None if rows is None else int(str(rows))


def _held(hands: Hands, task: Task, state: State, hold: Hold, lower: datetime, upper: datetime) -> int:
    where = chunks.within(hyper_in(state).column, state.column_type, lower, upper)
    statement = deleting.count_held(hyper_in(state).relation, hold, before=where)
    return int(str(past_policies(hands, task, statement)[0][0]))


def drop(hands: Hands, task: Task, state: State, action: DropChunks) -> Iterator[Outcome]:
    """Drop the chunks of a stretch, unless a row of it is held.

    Holds are asked for before anything is locked, however long that takes, and once more under the lock that keeps
    writers off: a hold that arrived between the two is seen.
    """
    hyper, hold = hyper_in(state), task.retention.hold if task.retention else None
    name = action.chunks[0]
    if hold is not None and (count := _held(hands, task, state, hold, action.lower, action.upper)):
        yield Held(task.service, task.shown, show_table(name), count)
        return
    if task.series is not None and hyper.rollups:
        hands.noted(task).execute(continuous.keep_from(task.table, action.upper))
    size, rows = size_of(hands, task, action)
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


def delete(hands: Hands, task: Task, state: State, action: DeleteRows) -> Iterator[Outcome]:
    """Delete old rows, those of a chunk in a transaction of their own: whatever ends the run, those before are done."""
    assert task.retention is not None
    hyper, hold = hyper_in(state), task.retention.hold
    if not hands.peek(task, chunks.any_before(hyper.relation, action.column, state.column_type, action.before))[0][0]:
        return
    if task.series is not None and hyper.rollups:
        hands.noted(task).execute(continuous.keep_from(task.table, action.before))
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
