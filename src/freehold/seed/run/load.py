"""Loads one table: batch after batch, each a transaction that is noted before it commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from freehold.errors import Complaint, RecipeRefused, RowRefused, ServerError
from freehold.found.locks import backoff_ms, retriable
from freehold.ports import Session
from freehold.seed import marks
from freehold.seed.blame import blame
from freehold.seed.maker import CHUNK_ROWS, TableMaker
from freehold.seed.plan import Task
from freehold.seed.run.making import Making
from freehold.seed.run.world import Stopped, World
from freehold.spec.names import show_table
from freehold.sqltext import Sql, ident, keyword, sql

BATCH_ROWS = CHUNK_ROWS * 24
"""Rows of one transaction: what a crash can cost, and what a rollback has to undo."""

_TRIES = 10

_SESSION = (
    # a commit that is noted must not be lost by a crash of the server
    keyword("SET synchronous_commit = on"),
    keyword("SET statement_timeout = 0"),
    keyword("SET idle_in_transaction_session_timeout = 0"),
    keyword("SET client_encoding = 'UTF8'"),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was sent for one table."""

    rows: int
    bytes: int
    ms: float


def load_rows(world: World, making: Making, maker: TableMaker, task: Task) -> Loaded:
    """Make and send the rows of a task. Raises RecipeRefused when the server refuses one, Stopped when told to stop."""
    table = maker.table
    started = world.clock.monotonic_ms()
    sent = 0
    into = marks.copy(table.name, [column.name for column, _ in maker.copied()])
    with world.admin(table.instance, table.database) as admin, world.owner(table.service) as owner:
        for statement in _SESSION:
            owner.execute(statement)
        admin.execute(marks.begin(table.name, task.mark))
        # rows cannot be copied past a policy; its owner may lift it, and until the commit nobody else gets in
        forced = bool(owner.query(marks.forced(table.name))[0][0])
        batch = _Batch(world, making, maker, owner, admin, into, forced)
        for first in range(task.start, task.end, BATCH_ROWS):
            sent += batch.load(range(first, min(first + BATCH_ROWS, task.end)))
        admin.execute(marks.reached(table.name, task.end))
        owner.execute(sql("ANALYZE {}", _name(maker)))
    return Loaded(task.rows, sent, world.clock.monotonic_ms() - started)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Loads rows of a table in one transaction. ``forced``: its policies bind its owner too."""

    world: World
    making: Making
    maker: TableMaker
    owner: Session
    admin: Session
    into: Sql
    forced: bool

    def load(self, rows: range) -> int:
        """The bytes sent. Where other tables' rows meet these in a lock, as their triggers and foreign keys may, the
        batch is made again."""
        for attempt in count():
            flow = _Flow(self.world, self.making, self.maker, rows)
            try:
                self._once(rows, flow)
            except ServerError as error:
                if attempt < _TRIES and retriable(error.sqlstate, error.message):
                    flow.forget()
                    self.world.clock.sleep_ms(backoff_ms(attempt, self.world.clock.monotonic_ms() % 1.0))
                    continue
                if isinstance(error, RowRefused):
                    raise RecipeRefused((blame(error, self.maker, rows.start, rows),)) from None
                raise _whole(error, self.maker, rows) from None
            return flow.bytes
        raise AssertionError

    def _once(self, rows: range, flow: _Flow) -> None:
        owner, name = self.owner, _name(self.maker)
        with owner.transaction():
            xid = str(owner.query(marks.XID)[0][0])
            if self.forced:
                owner.execute(sql("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", name))
            owner.copy_in(self.into, flow)
            owner.execute(keyword("SET CONSTRAINTS ALL IMMEDIATE"))
            if self.forced:
                owner.execute(sql("ALTER TABLE {} FORCE ROW LEVEL SECURITY", name))
            for sequence, last in _sequences(self.maker, rows):
                owner.query(marks.advance(sequence, last))
            self.admin.execute(marks.pending(self.maker.table.name, rows.start, rows.stop, xid))


class _Flow:
    """The blocks of a batch, and how far it is."""

    def __init__(self, world: World, making: Making, maker: TableMaker, rows: range) -> None:
        self._world, self._making, self._maker, self._rows = world, making, maker, rows
        self._shown = show_table(maker.table.name)
        self._told = 0
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for rows, block in self._making.blocks(self._maker.table.name, self._rows):
            if self._world.stopping:
                raise Stopped
            self.bytes += len(block)
            yield block
            self._told += rows
            self._world.made(self._shown, rows)

    def forget(self) -> None:
        """The rows were rolled back."""
        self._world.made(self._shown, -self._told)


def _name(maker: TableMaker) -> Sql:
    return ident(maker.table.name.schema, maker.table.name.table)


def _sequences(maker: TableMaker, rows: range) -> Iterator[tuple[tuple[str, str], int]]:
    """The sequences of columns that were written, and the greatest number that was."""
    for column, _ in maker.copied():
        if column.sequence is None:
            continue
        numbers = [value for value in maker.values(column.name, [rows.start, rows.stop - 1]) if isinstance(value, int)]
        if numbers and max(numbers) > 0:
            yield column.sequence, max(numbers)


def _whole(error: ServerError, maker: TableMaker, rows: range) -> ServerError | RecipeRefused:
    """An error about a batch as a whole: a deferred constraint, a trigger's own words, a right that is missing."""
    if not error.sqlstate.startswith(("23", "P0", "22", "0A")):
        return error
    mark = maker.makers.recipe.complaints.mark(maker.recipe.path)
    shown = show_table(maker.table.name)
    message = f"rows {rows.start + 1} to {rows.stop} of table {shown}: {error.message}"
    hint = error.hint or "The server refused the batch as a whole; correct the draws of this table."
    return RecipeRefused((Complaint(mark.file, mark.line, mark.column, "seed", message, "", hint),))
