"""A publication of somebody else holds tables of the service.

It stays at the old home, where its tables get the service's writes only as long as the way back is open; who subscribes
must subscribe at the new home. One FOR ALL TABLES at the new home also publishes what the move brings.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database
from freehold.sqltext import ident, sql


@check(Level.WARNING)
def published(facts: Facts) -> Iterator[Note]:
    for side in (facts.source, facts.target):
        for name, everything in side.publications:
            if name in facts.links:
                continue  # a copy of a service that Freehold leads to the new home
            yield Note(
                f"publication {ident(name)} in {database(side)}",
                "it is for all tables" if everything else "it holds tables of the service",
                sql("DROP PUBLICATION {}", ident(name)).shown(),
                "It is not moved. Its subscribers must be led to the new home.",
            )
