"""A column holds numbers that only this database understands.

The number of an object, of a large object or of a type is copied as it is, and means something else, or nothing,
in another database.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident, sql

_NUMBERS = frozenset({"oid", "lo", "xid", "xid8", "cid", "tid"})


@check(Level.WARNING)
def oid_columns(facts: Facts) -> Iterator[Note]:
    for table in facts.inventory.tables:
        if table.partition_of is not None:
            continue
        for column in table.columns:
            base = column.base[1]
            if base in _NUMBERS or (column.base[0] == "pg_catalog" and base.startswith("reg")):
                shown = ident(table.name.schema, table.name.table)
                change = sql("ALTER TABLE {} ALTER COLUMN {} TYPE pg_catalog.text", shown, ident(column.name))
                yield Note(
                    f"column {ident(table.name.schema, table.name.table, column.name)}",
                    f"its type {column.type} names something of this database only",
                    change.shown(),
                )
