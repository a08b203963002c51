"""A schema of the service holds a foreign table.

Its rows are elsewhere and its server is known to this database only. Declare under reads: what the service reads of
others, and Freehold makes the link at the new home; drop what it does not need.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check()
def foreign_tables(facts: Facts) -> Iterator[Note]:
    for kind, name in facts.inventory.other_relations:
        if kind == "foreign table":
            yield Note(f"foreign table {name}", "foreign tables are not moved", f"DROP FOREIGN TABLE {name}")
