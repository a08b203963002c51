"""A table has no primary key.

It can be moved: its changes then carry whole rows (REPLICA IDENTITY FULL), which costs log on the source, and each is
looked for in the whole table on the target.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident, sql


@check(Level.INFO)
def no_key(facts: Facts) -> Iterator[Note]:
    for table in facts.inventory.tables:
        if not table.key and table.partition_of is None and table.replica_identity != "i":
            shown = ident(table.name.schema, table.name.table)
            add = sql("ALTER TABLE {} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", shown)
            yield Note(
                f"table {shown}",
                f"it has no primary key: each change is looked for among all rows ({table.rows} by estimate)",
                add.shown(),
            )
