"""A table without a key has a stored generated column.

Without a key a changed row is sent with all its old values, and PostgreSQL 18 refuses to leave the generated one out:
every UPDATE and DELETE of the service on that table would fail from the moment it is published.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident, sql


@check()
def generated_without_key(facts: Facts) -> Iterator[Note]:
    for table in facts.inventory.stored:
        column = next((one for one in table.columns if one.generated == "s"), None)
        if column is not None and not table.key and table.replica_identity != "i":
            shown = ident(table.name.schema, table.name.table)
            add = sql("ALTER TABLE {} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", shown)
            yield Note(
                f"table {shown}",
                f"it has no primary key, and its column {ident(column.name)} is generated and stored",
                add.shown(),
                "Its rows could not be changed while they are followed.",
            )
