"""A view, a function or a policy reads a table of another service, as is declared.

It goes along as it is: under reads: the table has the same name in the service's own database, as a foreign table or
as a replica, and is the table itself again when both live in one database.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.crossing import READ, through, trouble, uses
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check(Level.INFO)
def crossing_reads(facts: Facts) -> Iterator[Note]:
    for use in uses(facts):
        if use.how == READ and trouble(facts, use) is None:
            moves = use.schema in facts.move.schemas
            yield Note(
                f"{use.kind} {use.name}",
                f"it reads {use.shown} {through(facts, use)} {'at the new home' if moves else 'after complete'}",
                "Nothing needs to be done.",
            )
