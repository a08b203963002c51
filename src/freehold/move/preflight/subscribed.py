"""A subscription of somebody else writes into tables of the service.

Its worker passes by the guard that keeps clients from the closed side, so it would go on writing at the old home.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident, sql


@check()
def subscribed(facts: Facts) -> Iterator[Note]:
    for name, table in facts.source.subscriptions:
        stop = sql(
            "ALTER SUBSCRIPTION {} DISABLE; ALTER SUBSCRIPTION {} SET (slot_name = NONE); DROP SUBSCRIPTION {}",
            *[ident(name)] * 3,
        )
        yield Note(
            f"subscription {ident(name)} on table {table}",
            "it writes into the table and would not stop at the cutover",
            stop.shown(),
            "Its slot at the other end must be dropped too.",
        )
