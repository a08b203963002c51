"""Adds a partition while clients write: its rows come with it, in one transaction, and nobody waits for long."""

from __future__ import annotations

from contextlib import nullcontext

from freehold.errors import ServerError
from freehold.maintain import native
from freehold.maintain.model import AddPartition, State, Task
from freehold.maintain.native import Traits
from freehold.maintain.run.hands import Hands
from freehold.maintain.run.yielding import giving_way
from freehold.plan.partitions import partition_name
from freehold.ports import Session
from freehold.spec.tables import TableName
from freehold.sqltext import sql

NAMES_MAX = 100


def add(hands: Hands, task: Task, state: State, action: AddPartition, has: Traits) -> tuple[TableName, int]:
    """Makes the partition; its name, and how many rows moved into it.

    All of it is one transaction: a run that ends anywhere leaves nothing. Locks that stop others are taken last, when
    only what needs them is left: rows that came to the default partition meanwhile, and the ATTACH.

    Rows move before that, for as long as it takes; who changes one of them meanwhile is given way to.

    Where rows for the piece may be arriving, writers are stopped at the table itself: one that PostgreSQL has already
    sent to the default partition would otherwise find, after waiting, that its row belongs there no longer, and fail.
    """
    assert task.series is not None
    session = hands.owner(task)
    name = _free_name(session, task, action)
    moves = action.rows > 0 or (state.default is not None and action.in_use)
    if moves and has.watched and (has.always or not session.query(native.MAY_REPLICA)[0][0]):
        if action.rows:
            raise NotMovable(
                f"foreign keys or triggers act when a row leaves the default partition of {task.shown}",
                hint="Maintain as a superuser, whose short-lived login may set session_replication_role; a trigger"
                " that is ENABLE ALWAYS or REPLICA must be changed first.",
            )
        moves = False
    moved = 0
    # nobody waits for the rows of an empty move
    way = giving_way(hands, task, session) if action.rows else nullcontext()
    with session.transaction(), way:
        for statement in native.create(task.series, name, action, state, has):
            session.execute(statement)
        if moves and has.watched:
            for statement in native.as_replica(task.placement.roles.owner):
                session.execute(statement)
        if action.rows and state.default is not None:
            rows = session.query(native.move(task.series, state.default, name, action, state, has))
            moved += int(str(rows[0][0]))
        session.execute(sql("SET LOCAL lock_timeout = {}", hands.lock_timeout_ms))
        mode = native.WRITERS_WAIT if action.in_use and state.default is not None else native.DDL_WAITS
        session.execute(native.lock(task.table, only=True, mode=mode))
        with hands.holding(session) as send:
            if state.default is not None:
                send(native.lock(state.default, only=True, mode=native.ALL_WAIT))
                if moves:
                    rows = send(native.move(task.series, state.default, name, action, state, has))
                    moved += int(str(rows[0][0]))
            for statement in (
                *native.unlink(task.series, name, has),
                *native.attach(task.table, name, action, state),
                *native.relink(task.series, name, has),
            ):
                send(statement)
    return name, moved


class NotMovable(ServerError):
    """The rows cannot leave the default partition without somebody noticing."""


def _free_name(session: Session, task: Task, action: AddPartition) -> TableName:
    first = TableName(task.table.schema, partition_name(task.table.table, action.lower))
    for number in range(2, NAMES_MAX):
        if not session.query(native.taken(first))[0][0]:
            return first
        first = TableName(first.schema, partition_name(f"{task.table.table}_{number}", action.lower))
    return first
