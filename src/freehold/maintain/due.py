"""What is due for one table at one moment: a pure function of what is declared and what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from freehold.layouts.model import Placements
from freehold.maintain.model import (
    Action,
    AddPartition,
    DeleteRows,
    DropPartition,
    FinishDetach,
    FinishDrop,
    Kind,
    Partition,
    PartitionAction,
    RefreshRollups,
    State,
    Task,
)
from freehold.plan.rollups import BUCKET
from freehold.spans import EARLIEST, LATEST, floor, later, pieces
from freehold.spec.model import Platform
from freehold.spec.series import How, Retention, TimeSeries, retentions

MOVED_MAX = 100
"""Partitions that one run makes for rows of the default partition; the next run goes on with the rest."""

MARGIN = timedelta(minutes=10)
"""How far a client's clock may be ahead of the server's: rows of pieces that begin sooner may arrive now."""


def tasks(platform: Platform, placements: Placements, services: Iterable[str] = ()) -> tuple[Task, ...]:
    """Everything to maintain, by instance, database and table; only that of ``services`` if any is named."""
    only = frozenset(services)
    found: list[Task] = []
    for placement in placements.services:
        if only and placement.service not in only:
            continue
        service = platform.service(placement.service)
        series = {one.table: one for one in service.timeseries}
        kept = {one.table: one for one in retentions(service.timeseries, service.retention)}
        for rollup in (rollup for one in service.timeseries for rollup in one.rollups):
            if rollup.keep is not None:
                kept[rollup.table] = Retention(rollup.table, BUCKET, rollup.keep)
        for table in sorted({*series, *kept}):
            found.append(Task(placement, table, series.get(table), kept.get(table)))
    return tuple(sorted(found, key=lambda task: (*task.place, task.table)))


def due(task: Task, state: State, now: datetime) -> tuple[PartitionAction, ...]:
    """The actions in the order in which they are taken: what an interrupted run left, what is missing, what is old."""
    found: list[PartitionAction] = [FinishDrop(one) for one in state.leaving if not one.attached or not one.there]
    found += [FinishDetach(one) for one in state.partitions if one.pending]
    whole = tuple(one for one in state.partitions if not one.pending)
    cutoff = cutoff_of(task.retention, now)
    if task.series is not None and state.kind is Kind.CUT:
        # what is too old to be kept gets no partition that would be dropped at once
        oldest = floor(cutoff, task.series.chunk) if cutoff is not None and drops(task.retention) else EARLIEST
        found += _missing(task.series, state, whole, now, oldest)
        if task.series.rollups:
            # before anything goes, so that its last rows are in
            found.append(RefreshRollups(tuple(one.table for one in task.series.rollups), now))
        if task.retention is not None and cutoff is not None and drops(task.retention):
            found += [DropPartition(one) for one in whole if one.upper is not None and one.upper <= cutoff]
            if state.default is not None and any(lower < oldest for lower, _ in state.loose):
                found.append(DeleteRows(state.default, task.retention.column, oldest, task.retention.batch))
    if task.retention is not None and cutoff is not None and task.retention.how is How.DELETE:
        if state.kind is Kind.CUT and state.partitions:
            old = [one.table for one in whole if one.lower is None or one.lower < cutoff]
            for table in (*old, *((state.default,) if state.default else ())):
                found.append(DeleteRows(table, task.retention.column, cutoff, task.retention.batch))
        elif state.kind in (Kind.CUT, Kind.PLAIN):
            found.append(DeleteRows(task.table, task.retention.column, cutoff, task.retention.batch))
    return tuple(found)


def left_over(series: TimeSeries, state: State, actions: Iterable[Action]) -> int:
    """Rows of the default partition that ``actions`` neither move nor delete."""
    chosen = tuple(actions)
    moved = [(one.lower, one.upper) for one in chosen if isinstance(one, AddPartition)]
    gone = max((one.before for one in chosen if isinstance(one, DeleteRows)), default=EARLIEST)
    return state.homeless + sum(
        rows
        for lower, rows in state.loose
        # of a piece that other partitions take in part, its rows are where they do not: there one is added
        if lower >= gone and not any(low < later(lower, series.chunk) and lower < up for low, up in moved)
    )


def drops(retention: Retention | None) -> bool:
    """Whether what is too old goes a piece at a time."""
    return retention is not None and retention.how is How.DROP


def cutoff_of(retention: Retention | None, now: datetime) -> datetime | None:
    """The moment before which rows are too old; None where all are kept."""
    return None if retention is None else later(now, retention.keep, -1)


def _missing(
    series: TimeSeries, state: State, whole: tuple[Partition, ...], now: datetime, oldest: datetime
) -> Iterator[AddPartition]:
    """Pieces of the default partition's rows and pieces from now to the horizon, where no partition is yet."""
    rows = dict(state.loose)
    moving = [lower for lower in rows if lower >= oldest][:MOVED_MAX]
    wanted = {lower: later(lower, series.chunk) for lower in moving}
    wanted.update(pieces(max(now, oldest), later(now, series.horizon), series.chunk))
    taken = sorted((one.lower or EARLIEST, one.upper or LATEST) for one in whole)
    for lower, upper in sorted(wanted.items()):
        for low, up in _gaps(lower, upper, taken):
            yield AddPartition(low, up, rows.get(lower, 0), rows.get(lower, 0) > 0 or low <= now + MARGIN)


def _gaps(
    lower: datetime, upper: datetime, taken: list[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of ``lower`` to ``upper`` that no partition takes: a changed chunk leaves some of another width."""
    for low, up in taken:
        if up <= lower or low >= upper:
            continue
        if low > lower:
            yield lower, low
        lower = max(lower, up)
    if lower < upper:
        yield lower, upper
