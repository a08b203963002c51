"""A table without a key has a column that cannot be compared.

Without a key a changed row is found by all its old values; the first UPDATE or DELETE of a row with a json, xml or
geometric column would stop the stream for good.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import quote_ident


@check()
def unkeyed_types(facts: Facts) -> Iterator[Note]:
    seen: set[str] = set()
    for table, column, type in facts.source.no_equality:
        if table not in seen:
            seen.add(table)
            yield Note(
                f"table {table}",
                f"it has no primary key, and its column {quote_ident(column)} of type {type} cannot be compared",
                f"ALTER TABLE {table} ADD COLUMN freehold_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            )
