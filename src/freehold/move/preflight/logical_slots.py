"""Somebody else reads, or may read, the changes of the old database through a logical replication slot.

After the cutover the service's changes are written elsewhere, and the slot gives them only as long as the way back is
open. Its reader needs a publication and a slot at the new home: make them before the cutover, let the reader come to
the end of the old slot after it, and go on with the new one, where it meets once more what it has seen since that was
made. A slot that nobody reads keeps the log of the whole instance.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database
from freehold.sqltext import literal, quote_ident, sql


@check(Level.WARNING)
def logical_slots(facts: Facts) -> Iterator[Note]:
    for name, plugin, active in facts.source.logical_slots:
        if name in facts.links:
            continue  # a copy of a service that Freehold leads to the new home
        drop = sql("SELECT pg_catalog.pg_drop_replication_slot({})", literal(name)).shown()
        yield Note(
            f"replication slot {quote_ident(name)} in {database(facts.source)}",
            f"{'somebody reads it now' if active else 'nobody reads it now'} ({plugin}), and it does not go along",
            f"-- lead its reader to the new home; then: {drop}" if active else drop,
            "Who reads it gets nothing of the service from there when the move is complete. Where it is wanted, make a"
            " slot at the new home before the cutover and let its reader go on there.",
        )
