"""Freehold makes and drops partitions of a table of the service.

A partition that is made while a move is under way would exist on one side only; `freehold maintain` leaves the table
alone until the move is complete, so enough partitions must be there for that time.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident


@check(Level.INFO)
def maintained_partitions(facts: Facts) -> Iterator[Note]:
    for table in facts.maintained:
        yield Note(
            f"table {ident(table.schema, table.table)}",
            "its partitions are made by `freehold maintain`, which leaves it alone during the move",
            "freehold maintain",
            "Run it now, so that there are partitions ahead for as long as the move may take.",
        )
