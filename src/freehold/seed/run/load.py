"""Loads one table: batch after batch, each a transaction that is noted before it commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from freehold.errors import Complaint, RecipeRefused, RowRefused, ServerError
from freehold.seed import marks
from freehold.seed.blame import blame
from freehold.seed.maker import CHUNK_ROWS, TableMaker
from freehold.seed.plan import Task
from freehold.seed.run.making import Making
from freehold.seed.run.world import Stopped, World
from freehold.spec.names import show_table
from freehold.sqltext import ident, keyword, sql

BATCH_ROWS = CHUNK_ROWS * 24
"""Rows of one transaction: what a crash can cost, and what a rollback has to undo."""

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
    name = ident(table.name.schema, table.name.table)
    with world.admin(table.instance, table.database) as admin, world.owner(table.service) as owner:
        for statement in _SESSION:
            owner.execute(statement)
        admin.execute(marks.begin(table.name, task.mark))
        # rows cannot be copied past a policy; its owner may lift it, and until the commit nobody else gets in
        forced = bool(owner.query(marks.forced(table.name))[0][0])
        for first in range(task.start, task.end, BATCH_ROWS):
            rows = range(first, min(first + BATCH_ROWS, task.end))
            flow = _Flow(world, making, maker, rows)
            try:
                with owner.transaction():
                    xid = str(owner.query(marks.XID)[0][0])
                    if forced:
                        owner.execute(sql("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", name))
                    owner.copy_in(into, flow)
                    owner.execute(keyword("SET CONSTRAINTS ALL IMMEDIATE"))
                    if forced:
                        owner.execute(sql("ALTER TABLE {} FORCE ROW LEVEL SECURITY", name))
                    for sequence, last in _sequences(maker, rows):
                        owner.query(marks.advance(sequence, last))
                    admin.execute(marks.pending(table.name, rows.start, rows.stop, xid))
            except RowRefused as refused:
                raise RecipeRefused((blame(refused, maker, rows.start, rows),)) from None
            except ServerError as error:
                raise _whole(error, maker, rows) from None
            sent += flow.bytes
        admin.execute(marks.reached(table.name, task.end))
        owner.execute(sql("ANALYZE {}", name))
    return Loaded(task.rows, sent, world.clock.monotonic_ms() - started)


class _Flow:
    """The blocks of a batch, and how far it is."""

    def __init__(self, world: World, making: Making, maker: TableMaker, rows: range) -> None:
        self._world, self._making, self._maker, self._rows = world, making, maker, rows
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        shown = show_table(self._maker.table.name)
        for count, block in self._making.blocks(self._maker.table.name, self._rows):
            if self._world.stopping:
                raise Stopped
            self.bytes += len(block)
            yield block
            self._world.made(shown, count)


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
