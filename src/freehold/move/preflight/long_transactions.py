"""A transaction has been open for long.

The slot of a stream cannot be made while a transaction that has written is open, in any database of the instance; and
the cutover waits for everybody who has touched the service's tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database, instance
from freehold.sqltext import quote_ident

_LONG_MS = 5_000
_MUCH_TOO_LONG_MS = 300_000


@check(Level.WARNING)
def long_transactions(facts: Facts) -> Iterator[Note]:
    for side in facts.sides:
        for one in side.transactions:
            if one.age_ms < _LONG_MS or not (one.writes or one.database == side.side.database):
                continue
            where = database(side) if one.database == side.side.database else instance(side)
            yield Note(
                f"session {one.pid} of {quote_ident(one.role)} in {where}",
                f"its transaction has been open for {one.age_ms // 1000} s ({one.state})",
                f"SELECT pg_catalog.pg_terminate_backend({one.pid})",
                "A slot cannot be made while it lasts." if one.writes else "The cutover may have to wait for it.",
                Level.ERROR if one.writes and one.age_ms >= _MUCH_TOO_LONG_MS else None,
            )
