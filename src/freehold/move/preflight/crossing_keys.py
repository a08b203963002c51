"""A foreign key leaves or enters the service.

The server cannot check it between two databases. The cutover drops it and keeps its definition; the reference goes on
as a soft one that `freehold check-references` checks, and comes back as a key when both ends are in one database again.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident


@check(Level.INFO)
def crossing_keys(facts: Facts) -> Iterator[Note]:
    for key in facts.inventory.crossing_keys:
        away = key.to.schema if key.table.schema in facts.move.schemas else key.table.schema
        if away in facts.moving:
            continue
        to, stays = ident(key.to.schema, key.to.table), facts.services.get(away, away)
        yield Note(
            f"foreign key {ident(key.name)} on {ident(key.table.schema, key.table.table)}",
            f'it refers to {to}; service "{stays}" stays: the cutover drops the key',
            "Declare the reference under references: so that `freehold check-references` goes on checking it.",
            "Its definition is kept, and the key is made again when both ends are in one database.",
        )
