"""Time series on PostgreSQL's own partitioning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from freehold.finding import Finding
from freehold.maintain import catalog, control, deleting, native, rollups
from freehold.maintain.due import due, left_over
from freehold.maintain.model import (
    Action,
    AddPartition,
    CompressChunk,
    DeleteRows,
    Done,
    DropChunks,
    DropPartition,
    FinishDetach,
    FinishDrop,
    Kind,
    RefreshRollups,
    State,
    Task,
)
from freehold.maintain.run import rolling
from freehold.maintain.run.adding import NotMovable, add
from freehold.maintain.run.hands import Hands
from freehold.maintain.run.removing import delete, drop, drop_detached, finish
from freehold.maintain.run.rolling import refresh
from freehold.maintain.run.strategy import Outcome
from freehold.maintain.told import absent, done, finding, rows_without_partition
from freehold.spans import floor, parse_moment


class Native:
    """``Strategy`` for tables that PostgreSQL itself partitions, and for ordinary tables with retention."""

    def look(self, hands: Hands, task: Task) -> State:
        session = hands.admin(task)
        column = task.series.column if task.series else task.retention.column if task.retention else ""
        kind, column_type = catalog.kind(session.query(catalog.kind_of(task.table, column)), column)
        there = session.query(control.IS_THERE)[0][0]
        leaving = catalog.leaving(session.query(catalog.leaving_of(task.table))) if there else ()
        if kind is not Kind.CUT:
            return State(kind, column_type, leaving=leaving)
        partitions, default = catalog.partitions(session.query(catalog.partitions_of(task.table)))
        rolled = task.series is not None and bool(task.series.rollups)
        stale = rolled and rolling.stale(hands, task, column_type, noted=there is True)
        loose: dict[datetime, int] = {}
        homeless = 0
        if default is not None and task.series is not None:
            for piece, rows in hands.peek(task, catalog.loose(default, column, column_type, task.series.chunk)):
                if piece is None:
                    homeless += int(str(rows))
                else:
                    lower = floor(parse_moment(str(piece)), task.series.chunk)
                    loose[lower] = loose.get(lower, 0) + int(str(rows))
        return State(kind, column_type, partitions, default, tuple(sorted(loose.items())), homeless, leaving, stale)

    def due(self, task: Task, state: State, now: datetime) -> tuple[Action, ...]:
        return () if absent(task, state) else due(task, state, now)

    def would(self, hands: Hands, task: Task, state: State, action: Action) -> Done | None:
        match action:
            case RefreshRollups():
                return done(task, "refresh", action) if state.stale else None
            case AddPartition():
                return done(task, "move" if action.rows else "create", action, rows=action.rows or None)
            case DropPartition():
                size, rows = hands.admin(task).query(native.size(action.partition.table))[0]
                counted = None if rows is None else int(str(rows))
                return done(task, "drop", action, action.partition.table, counted, int(str(size or 0)), about=True)
            case FinishDetach():
                return done(task, "detach", action, action.partition.table)
            case FinishDrop():
                return done(task, "drop", action, action.leaving.table)
            case DeleteRows():
                hold = task.retention.hold if task.retention else None
                rows = int(str(hands.peek(task, deleting.count_old(action, state.column_type, hold))[0][0]))
                return done(task, "delete", action, action.table, rows, about=True) if rows else None
            case DropChunks() | CompressChunk():
                raise AssertionError("partitions are no chunks")
        assert_never(action)

    def perform(self, hands: Hands, task: Task, state: State, action: Action) -> Iterator[Outcome]:
        match action:
            case AddPartition():
                yield from _add(hands, task, state, action)
            case RefreshRollups():
                yield from refresh(hands, task, state, action)
            case DropPartition():
                _keep(hands, task, action.partition.upper)
                yield from drop(hands, task, state, action.partition, action)
            case FinishDetach():
                yield from finish(hands, task, action.partition, action)
            case FinishDrop():
                leaving = action.leaving
                if leaving.there and not leaving.attached:
                    yield from drop_detached(hands, task, leaving.table, leaving.bound, action)
                    return
                hands.noted(task).execute(control.forget(leaving.table))
                if not leaving.there:
                    name = f"{leaving.table.schema}.{leaving.table.table}"
                    hands.record(task, "drop", name, "-- dropped by a run that was interrupted after it", None)
            case DeleteRows():
                _keep(hands, task, action.before)
                yield from delete(hands, task, state, action)
            case DropChunks() | CompressChunk():
                raise AssertionError("partitions are no chunks")
            case _:
                assert_never(action)

    def doubts(self, task: Task, state: State, actions: tuple[Action, ...]) -> Iterator[Finding]:
        if missing := absent(task, state):
            yield missing
            return
        if task.series is not None and task.series.default_partition and state.default is None:
            title = f"table {task.shown} has no default partition: a row that no partition takes is refused"
            yield finding(task, "default_partition_missing", title, remedy="freehold apply")
        if task.series is not None and (rows := left_over(task.series, state, actions)):
            yield rows_without_partition(task, state, rows)


def _keep(hands: Hands, task: Task, before: datetime | None) -> None:
    """Before rows go: what the rollups say of them stays."""
    if task.series is not None and task.series.rollups and before is not None:
        hands.noted(task).execute(rollups.keep_from(task.table, before))


def _add(hands: Hands, task: Task, state: State, action: AddPartition) -> Iterator[Outcome]:
    has = native.traits(hands.admin(task).query(native.traits_of(task.table))[0])
    try:
        name, rows = hands.patiently(lambda: add(hands, task, state, action, has))
    except NotMovable as error:
        title = f"{action.rows} rows of the default partition of {task.shown} cannot be moved"
        yield finding(task, "rows_not_movable", title, error.message, remedy=error.hint)
        return
    hands.record(task, "create", f"{name.schema}.{name.table}", f"-- {action.say()}", rows or None)
    yield done(task, "move" if rows else "create", action, name, rows or None)
