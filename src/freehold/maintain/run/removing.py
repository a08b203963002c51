"""Removes what is too old: a partition at once, or rows a batch at a time; never what is held."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.errors import ServerError
from freehold.maintain import control, deleting, native
from freehold.maintain.model import Action, DeleteRows, Held, Partition, State, Task
from freehold.maintain.run.hands import Hands
from freehold.maintain.run.strategy import Outcome
from freehold.maintain.told import done, finding
from freehold.spec.names import show_table
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, keyword, sql

CONCURRENT_WAIT_MS = 30_000
"""How long DETACH CONCURRENTLY waits for transactions that are older than it; nobody waits for it meanwhile."""

DEPENDED_ON = "2BP01"


def held_in(hands: Hands, task: Task, partition: TableName) -> int:
    """How many rows of a partition a legal hold protects."""
    hold = task.retention.hold if task.retention else None
    if hold is None:
        return 0
    return int(str(hands.owner(task).query(deleting.count_held(partition, hold))[0][0]))


def drop(hands: Hands, task: Task, state: State, partition: Partition, action: Action) -> Iterator[Outcome]:
    """Detach a partition and drop it, unless a row of it is held. A note tells the next run what this one began."""
    if held := held_in(hands, task, partition.table):
        yield Held(task.service, task.shown, partition.shown, held)
        return
    notes = hands.noted(task)
    notes.execute(control.note(task, partition, hands.run.id))
    try:
        _detach(hands, task, state, partition)
    except ServerError:
        # nothing is remembered of a detach that never was; of one whose answer was lost, the next run must know
        if notes.query(native.attached(partition.table)) == [(True,)]:
            notes.execute(control.forget(partition.table))
        raise
    yield from drop_detached(hands, task, partition.table, partition.bound, action)


def finish(hands: Hands, task: Task, partition: Partition, action: Action) -> Iterator[Outcome]:
    """End a DETACH CONCURRENTLY that was interrupted, and drop what it detached."""
    hands.noted(task).execute(control.note(task, partition, hands.run.id))
    statement = native.detach(task.table, partition.table, native.FINALIZE)
    hands.patiently(lambda: hands.owner(task).execute(statement))
    yield from drop_detached(hands, task, partition.table, partition.bound, action)


def drop_detached(hands: Hands, task: Task, name: TableName, bound: str, action: Action) -> Iterator[Outcome]:
    """Drop what is detached; attach it again when a row of it came to be held in the last moment."""
    notes = hands.noted(task)
    if held := held_in(hands, task, name):
        hands.patiently(lambda: _attach_again(hands, task, name, bound))
        notes.execute(control.forget(name))
        yield Held(task.service, task.shown, show_table(name), held)
        return
    size, rows = notes.query(native.size(name))[0]
    try:
        hands.patiently(lambda: hands.owner(task).execute(native.drop(name)))
    except ServerError as error:
        if error.sqlstate != DEPENDED_ON:
            raise
        title = f"{show_table(name)} is detached and cannot be dropped: {error.message}"
        yield finding(task, "partition_depended_on", title, "Its rows are gone from the table.", remedy=error.hint)
        return
    counted = None if rows is None else int(str(rows))
    with notes.transaction():
        notes.execute(control.forget(name))
        hands.record(task, "drop", f"{name.schema}.{name.table}", native.drop(name).shown(), counted)
    yield done(task, "drop", action, name, counted, int(str(size or 0)), about=True)


def _detach(hands: Hands, task: Task, state: State, partition: Partition) -> None:
    if state.default is None:
        hands.patiently(lambda: _concurrently(hands, task, partition))
    else:
        hands.patiently(lambda: _at_once(hands, task, state, partition))


def _concurrently(hands: Hands, task: Task, partition: Partition) -> None:
    session = hands.owner(task)
    session.execute(sql("SET lock_timeout = {}", CONCURRENT_WAIT_MS))
    try:
        session.execute(native.detach(task.table, partition.table, native.CONCURRENTLY))
    finally:
        session.execute(sql("SET lock_timeout = {}", hands.lock_timeout_ms))


def _at_once(hands: Hands, task: Task, state: State, partition: Partition) -> None:
    """PostgreSQL refuses CONCURRENTLY where there is a default partition; the change itself takes an instant."""
    session = hands.owner(task)
    with session.transaction():
        session.execute(native.lock(task.table, only=True, mode=native.ALL_WAIT))
        with hands.holding(session) as send:
            for name in (partition.table, state.default):
                if name is not None:
                    send(native.lock(name, only=False, mode=native.ALL_WAIT))
            send(native.detach(task.table, partition.table, native.PLAINLY))


def _attach_again(hands: Hands, task: Task, name: TableName, bound: str) -> None:
    session = hands.owner(task)
    with session.transaction():
        session.execute(native.lock(task.table, only=True, mode=native.WRITERS_WAIT))
        session.execute(native.attach_again(task.table, name, bound))


def delete(hands: Hands, task: Task, state: State, action: DeleteRows) -> Iterator[Outcome]:
    """Delete old rows, each batch in a transaction of its own: whatever ends the run, those before it are done."""
    assert task.retention is not None
    hold = task.retention.hold
    column_type, total = state.column_type, 0
    if not hands.peek(task, deleting.any_old(action, column_type))[0][0]:
        return
    if hands.admin(task).query(deleting.indexed(action.table, action.column))[0][0]:
        last: str | None = None
        while True:
            where = deleting.from_value(action.column, last)
            order = deleting.in_order(action.column)
            count, last = _batch(hands, task, deleting.batch(action, column_type, hold, where, order))
            total += count
            if count < action.batch:
                break
            hands.say(f"deleted {total} rows of {show_table(action.table)}")
    else:
        pages = int(str(hands.admin(task).query(deleting.pages(action.table))[0][0]))
        for first in range(0, pages, deleting.PAGES):
            where = deleting.in_pages(first, first + deleting.PAGES)
            count = action.batch
            while count >= action.batch:
                count, _ = _batch(hands, task, deleting.batch(action, column_type, hold, where, Sql(())))
                total += count
            if total:
                done_to = min(first + deleting.PAGES, pages)
                hands.say(f"deleted {total} rows of {show_table(action.table)}, page {done_to} of {pages}")
    if hold is not None:
        before = deleting.old(action.column, action.before, column_type)
        count_held = deleting.count_held(action.table, hold, before=before)
        held = int(str(past_policies(hands, task, count_held)[0][0]))
        if held:
            yield Held(task.service, task.shown, "", held)
    if total:
        name = f"{action.table.schema}.{action.table.table}"
        hands.record(task, "alter", name, f"-- {action.say()}", total)
        yield done(task, "delete", action, action.table, total)


def _batch(hands: Hands, task: Task, statement: Sql) -> tuple[int, str | None]:
    ((count, last),) = hands.patiently(lambda: past_policies(hands, task, statement))
    return int(str(count)), None if last is None else str(last)


def past_policies(hands: Hands, task: Task, statement: Sql) -> list[tuple[object, ...]]:
    """Run a statement that must meet all rows, also where the table forces its policies on its owner.

    The lent login has the owner's rights by membership and, where it may, sees past policies. Where it may not,
    PostgreSQL refuses, because nothing is to look as if it were not there.
    """
    session = hands.owner(task)
    if not hands.admin(task).query(deleting.forced(task.table))[0][0]:
        return session.query(statement)
    with session.transaction():
        session.execute(keyword("SET LOCAL ROLE NONE"))
        return session.query(statement)
