"""What is due for one hypertable or continuous aggregate at one moment: pure, as ``due`` is for partitions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from freehold.finding import Finding
from freehold.maintain.due import cutoff_of, drops
from freehold.maintain.model import (
    Chunk,
    ChunkAction,
    CompressChunk,
    DeleteRows,
    DropChunks,
    Hyper,
    RefreshRollups,
    Task,
)
from freehold.maintain.told import finding
from freehold.spans import later
from freehold.spec.names import show_table
from freehold.spec.series import How
from freehold.spec.tables import TableName


def due_chunks(task: Task, hyper: Hyper, now: datetime) -> tuple[ChunkAction, ...]:
    """The actions in the order in which they are taken: rollups before anything goes, so that its last rows are in.

    Chunks are made by TimescaleDB when rows come, so none is made ahead. An aggregate loses whole chunks and then rows,
    so that it says as little of the past as a native rollup does.
    """
    found: list[ChunkAction] = []
    if hyper.stale and not hyper.apache:
        found.append(RefreshRollups(hyper.stale, now))
    cutoff = cutoff_of(task.retention, now)
    gone: set[TableName] = set()
    if task.retention is not None and cutoff is not None:
        if drops(task.retention) or (hyper.aggregate and task.retention.hold is None):
            for (lower, upper), chunks in stretches(hyper.chunks):
                if upper <= cutoff:
                    gone.update(chunks)
                    found.append(DropChunks(lower, upper, chunks))
        if task.retention.how is How.DELETE and any(
            one.lower < cutoff and one.table not in gone for one in hyper.chunks
        ):
            found.append(DeleteRows(hyper.relation, task.retention.column, cutoff, task.retention.batch))
    if task.series is not None and task.series.compress_after is not None and not hyper.apache:
        old = later(now, task.series.compress_after, -1)
        found += [
            CompressChunk(one) for one in hyper.chunks if one.upper <= old and not one.packed and one.table not in gone
        ]
    return tuple(found)


def stretches(chunks: tuple[Chunk, ...]) -> tuple[tuple[tuple[datetime, datetime], tuple[TableName, ...]], ...]:
    """The stretches of time that chunks hold, oldest first, each with its chunks."""
    found: dict[tuple[datetime, datetime], list[TableName]] = {}
    for one in chunks:
        found.setdefault((one.lower, one.upper), []).append(one.table)
    return tuple((stretch, tuple(sorted(found[stretch]))) for stretch in sorted(found))


def doubtful(task: Task, hyper: Hyper) -> Iterator[Finding]:
    """What is wrong with what TimescaleDB keeps and no action of a run puts right."""
    series = task.series
    if series is not None and hyper.column != series.column:
        title = f'hypertable {task.shown} is cut by "{hyper.column}", and not by "{series.column}"'
        yield finding(task, "table_not_partitioned", title, remedy="freehold apply")
    if hyper.secured:
        yield finding(
            task,
            "chunks_without_policies",
            f"hypertable {task.shown} has row level security, and its chunks have not",
            "Whoever may read the table can name a chunk, and sees every row of it.",
            remedy=f"Make {task.shown} anew with PARTITION BY RANGE in a migration: partitions are covered.",
        )
    for rollup in series.rollups if series is not None else ():
        if rollup.table not in hyper.rollups:
            title = f"{show_table(rollup.table)}, the rollup of {task.shown}, is no continuous aggregate"
            yield finding(task, "rollup_missing", title, remedy="freehold apply")
    if hyper.apache and series is not None and (hyper.rollups or series.compress_after is not None):
        wanted = [f"{len(hyper.rollups)} rollups are not refreshed"] if hyper.rollups else []
        wanted += ["nothing is compressed"] if series.compress_after is not None else []
        yield finding(
            task,
            "timescale_edition",
            f"{' and '.join(wanted)}: the Apache edition of TimescaleDB cannot",
            f'timescaledb.license is "{hyper.licence}".',
            remedy="Set timescaledb.license = 'timescale' on a server that was built with it, or remove rollups and"
            " compress_after.",
        )
    if hyper.policies and task.retention is not None:
        yield finding(
            task,
            "retention_policy_of_timescaledb",
            f"a job of TimescaleDB removes chunks of {task.shown} and asks for no legal hold",
            "`freehold maintain` removes what is declared as too old, unless it is held.",
            evidence="; ".join(hyper.policies),
            remedy=f"SELECT {hyper.functions}.remove_retention_policy('{task.table.schema}.{task.table.table}')",
        )
