"""A transaction was prepared and never finished.

No slot can be made on the instance while it is there, and what it has locked stays locked. Ask the program that
prepared it before rolling it back.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance
from freehold.sqltext import literal, quote_ident, sql


@check()
def prepared_transactions(facts: Facts) -> Iterator[Note]:
    for side in facts.sides:
        for gid, database, owner, age_ms in side.prepared:
            yield Note(
                f"prepared transaction {quote_ident(gid)} on {instance(side)}",
                f"{quote_ident(owner)} prepared it {age_ms // 1000} s ago in database {quote_ident(database)}",
                sql("ROLLBACK PREPARED {}", literal(gid)).shown(),
                "Both ends of it must be run in its own database.",
            )
