"""Somebody is connected as the service without going through its pool.

The cutover pauses the pool; who is connected directly gets an error that names the new home at the next write, and
must connect anew. No write is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database
from freehold.sqltext import quote_ident


@check(Level.WARNING)
def direct_writers(facts: Facts) -> Iterator[Note]:
    for one in facts.source.clients:
        if one.pid not in facts.pooled:
            named = f" ({one.application})" if one.application else ""
            yield Note(
                f"session {one.pid} of {quote_ident(one.role)} in {database(facts.source)}",
                f"it comes from {one.address}{named} and from no pool",
                f"SELECT pg_catalog.pg_terminate_backend({one.pid})",
                "Give that program the address of the pool: it is in the service's env file.",
            )
