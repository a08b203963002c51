"""Refreshes the rollups of a time series: what changed is computed again, a step at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from freehold.maintain import noting, rollups
from freehold.maintain.model import RefreshRollups, State, Task
from freehold.maintain.rollups import Progress
from freehold.maintain.run.hands import Hands
from freehold.maintain.run.strategy import Outcome
from freehold.maintain.told import done
from freehold.ports import Session
from freehold.spans import parse_moment
from freehold.spec.series import Rollup
from freehold.sqltext import Sql, sql


def stale(hands: Hands, task: Task, column_type: str, *, noted: bool) -> bool:
    """Whether the rollups of a series lack something that is there now; ``noted``: maintenance keeps notes here."""
    assert task.series is not None
    progress = read(hands.admin(task), task) if noted else None
    if progress is None or progress.noted:
        return True
    newest = (progress.watermark, datetime.max)
    return any(_extent(hands, task, rollup, column_type, newest, own=False) for rollup in task.series.rollups)


def read(session: Session, task: Task) -> Progress | None:
    """How far the rollups are; None when changes are not noted yet."""
    rows = session.query(rollups.progress_of(task.table))
    return rollups.progress(rows[0], session.query(rollups.noted_of(int(str(rows[0][0]))))) if rows else None


def refresh(hands: Hands, task: Task, state: State, action: RefreshRollups) -> Iterator[Outcome]:
    """Compute what changed since the last time. What is read before is committed, what is computed is never older, and
    the notes go only afterwards: a run that ends anywhere computes the same again."""
    assert task.series is not None
    notes = hands.noted(task)
    progress = read(notes, task)
    if progress is None:
        hands.patiently(lambda: _track(hands, task, state, action.now))
        progress = read(notes, task)
        assert progress is not None
    for rollup in task.series.rollups:
        rows = 0
        for stretch in rollups.stretches(rollup, progress):
            extent = _extent(hands, task, rollup, state.column_type, stretch)
            for step in rollups.steps(task.series, rollup, extent) if extent else ():
                statement = rollups.compute(task.series, rollup, state.column_type, step)
                rows += hands.patiently(partial(_compute, hands, task, statement))
                hands.say(f"refreshed {rows} rows of {rollup.table.schema}.{rollup.table.table}")
        if rows:
            hands.record(task, "alter", f"{rollup.table.schema}.{rollup.table.table}", f"-- {action.say()}", rows)
            yield done(task, "refresh", action, rollup.table, rows)
    with notes.transaction():
        for statement in rollups.settle(progress, action.now):
            notes.execute(statement)
    notes.execute(rollups.left_behind(progress.id))


def _compute(hands: Hands, task: Task, statement: Sql) -> int:
    return int(str(hands.owner(task).query(statement)[0][0]))


def _track(hands: Hands, task: Task, state: State, now: datetime) -> None:
    assert task.series is not None
    session = hands.noted(task)
    with session.transaction():
        session.execute(sql("SET LOCAL lock_timeout = {}", hands.lock_timeout_ms))
        owner = task.placement.roles.owner
        for statement in noting.locked(task.series, owner):
            session.execute(statement)
        with hands.holding(session) as send:
            number = int(str(send(noting.begin(task.series, now))[0][0]))
            for statement in noting.follow(task.series, number, state.column_type, owner):
                send(statement)


def _extent(
    hands: Hands, task: Task, rollup: Rollup, column_type: str, within: rollups.Range, *, own: bool = True
) -> rollups.Range | None:
    """Where there are rows within a stretch: of the series, and (``own``) of the rollup itself."""
    assert task.series is not None
    ((low, high),) = hands.peek(task, rollups.extent(task.series, rollup, column_type, within, own=own))
    return None if low is None or high is None else (parse_moment(str(low)), parse_moment(str(high)))
