"""Freehold's login is no superuser.

Making subscriptions, reading row security past its policies, and writing as the stream does need one.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance
from freehold.sqltext import ident, quote_ident, sql


@check()
def missing_right(facts: Facts) -> Iterator[Note]:
    for side in facts.sides:
        if not side.superuser:
            yield Note(
                f"role {quote_ident(side.user)} on {instance(side)}",
                "a move needs a superuser",
                sql("ALTER ROLE {} SUPERUSER", ident(side.user)).shown(),
                "Another superuser must run it.",
            )
