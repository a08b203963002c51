"""Time series on hypertables of TimescaleDB, and what is kept for a time of their continuous aggregates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from freehold.finding import Finding
from freehold.maintain import chunks, deleting
from freehold.maintain.due_chunks import doubtful, due_chunks
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
    Kind,
    RefreshRollups,
    State,
    Task,
)
from freehold.maintain.run.chunking import delete, drop, hyper_in, size_of
from freehold.maintain.run.hands import Hands
from freehold.maintain.run.refreshing import refresh, rolled
from freehold.maintain.run.strategy import Outcome
from freehold.maintain.told import absent, done
from freehold.spans import EARLIEST
from freehold.sqltext import sql


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
        return replace(state, hyper=rolled(hands, task, state, found)) if task.series is not None else state

    def due(self, task: Task, state: State, now: datetime) -> tuple[Action, ...]:
        return () if absent(task, state) else due_chunks(task, hyper_in(state), now)

    def would(self, hands: Hands, task: Task, state: State, action: Action) -> Done | None:
        match _ours(action):
            case RefreshRollups() as again:
                return done(task, "refresh", again)
            case DropChunks() as gone:
                bytes_, rows = size_of(hands, task, gone)
                return done(task, "drop", gone, gone.chunks[0], rows, bytes_, about=True)
            case CompressChunk() as compress:
                return done(task, "compress", compress, compress.chunk.table)
            case DeleteRows() as old:
                hold = task.retention.hold if task.retention else None
                where = chunks.within(old.column, state.column_type, EARLIEST, old.before)
                if hold is not None and hold.column:
                    where = sql("{} AND NOT ({})", where, deleting.held(hold))
                rows = int(str(hands.peek(task, chunks.count(old.table, where))[0][0]))
                return done(task, "delete", old, old.table, rows, about=True) if rows else None
            case other:
                assert_never(other)

    def perform(self, hands: Hands, task: Task, state: State, action: Action) -> Iterator[Outcome]:
        match _ours(action):
            case RefreshRollups() as again:
                yield from refresh(hands, task, state, again)
            case DropChunks() as gone:
                yield from drop(hands, task, state, gone)
            case CompressChunk() as compress:
                statement = chunks.compress(hyper_in(state).functions, compress.chunk)
                hands.patiently(lambda: hands.owner(task).query(statement))
                name = compress.chunk.table
                hands.record(task, "alter", f"{name.schema}.{name.table}", f"-- {compress.say()}", None)
                yield done(task, "compress", compress, name)
            case DeleteRows() as old:
                yield from delete(hands, task, state, old)
            case other:
                assert_never(other)

    def doubts(self, task: Task, state: State, actions: tuple[Action, ...]) -> Iterator[Finding]:
        if missing := absent(task, state):
            yield missing
            return
        yield from doubtful(task, hyper_in(state))


def _ours(action: Action) -> ChunkAction:
    assert not isinstance(action, FinishDetach | FinishDrop | AddPartition | DropPartition)
    return action
