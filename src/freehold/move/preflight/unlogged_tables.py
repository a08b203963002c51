"""A table is unlogged.

Its changes are not in the log that a move reads, so its rows would arrive as they were at the copy and never change.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident, sql


@check()
def unlogged_tables(facts: Facts) -> Iterator[Note]:
    for table in facts.inventory.tables:
        if table.persistence == "u":
            shown = ident(table.name.schema, table.name.table)
            yield Note(
                f"table {shown}",
                "it is unlogged, its changes cannot be followed",
                sql("ALTER TABLE {} SET LOGGED", shown).shown(),
            )
