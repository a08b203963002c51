"""Refreshes continuous aggregates: what changed is computed again, and what went stays said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from freehold.maintain import continuous, control, rollups
from freehold.maintain.model import Hyper, RefreshRollups, State, Task
from freehold.maintain.run.chunking import hyper_in
from freehold.maintain.run.hands import Hands
from freehold.maintain.run.strategy import Outcome
from freehold.maintain.told import done
from freehold.spans import EARLIEST
from freehold.spec.names import show_table
from freehold.spec.series import Rollup
from freehold.spec.tables import TableName
from freehold.sqltext import Sql


def kept_from(hands: Hands, task: Task) -> datetime:
    """From when on the rollups follow the series."""
    session = hands.admin(task)
    if not session.query(control.IS_THERE)[0][0]:
        return EARLIEST
    rows = session.query(continuous.kept_from_of(task.table))
    return rollups.read_moment(rows[0][0]) if rows else EARLIEST


def rolled(hands: Hands, task: Task, state: State, found: Hyper) -> Hyper:
    """With the rollups that are there, and which of them lack something."""
    assert task.series is not None
    if not task.series.rollups:
        return found
    kept = kept_from(hands, task)
    newest = hands.peek(task, continuous.extent(task.table, found.column, state.column_type))[0][1]
    there: list[TableName] = []
    stale: list[TableName] = []
    for rollup in task.series.rollups:
        start = continuous.microseconds(rollups.ceiling(kept, rollup.every))
        rows = hands.admin(task).query(continuous.progress_of(rollup.table, start))
        if not rows:
            continue
        there.append(rollup.table)
        if continuous.lacks(rows[0], None if newest is None else int(str(newest)), start):
            stale.append(rollup.table)
    return replace(found, rollups=tuple(there), stale=tuple(stale))


def refresh(hands: Hands, task: Task, state: State, action: RefreshRollups) -> Iterator[Outcome]:
    """Compute what changed: of a rollup that holds nothing yet about a chunk at a time, so that no call is long."""
    assert task.series is not None
    functions, kept = hyper_in(state).functions, kept_from(hands, task)
    for rollup in task.series.rollups:
        if rollup.table not in action.rollups:
            continue
        start = rollups.ceiling(kept, rollup.every)
        for low, up in _first_steps(hands, task, state, rollup, start):
            step = continuous.refresh(functions, rollup.table, state.column_type, low, up)
            hands.patiently(partial(_execute, hands, task, step))
            hands.say(f"refreshed {show_table(rollup.table)} up to {up}")
        rest = continuous.refresh(
            functions, rollup.table, state.column_type, None if start == EARLIEST else start, None
        )
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
    ((_, _, _, untouched),) = hands.admin(task).query(continuous.progress_of(rollup.table, continuous.LEAST))
    ((low, high),) = hands.peek(task, continuous.extent(task.table, hyper_in(state).column, state.column_type))
    if untouched is not True or low is None or high is None:
        return
    first, last = (continuous.EPOCH + timedelta(microseconds=int(str(edge))) for edge in (low, high))
    yield from rollups.steps(task.series, rollup, (max(first, start), last))
