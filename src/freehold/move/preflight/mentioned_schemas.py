"""The text of a function names a schema on the other side of the service's edge.

The server does not know what a function's text will touch; this is a search for the name. A function that reads or
writes another service's tables fails at the first call after the move.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import quote_ident


@check(Level.WARNING)
def mentioned_schemas(facts: Facts) -> Iterator[Note]:
    for function, schema, other in facts.source.mentions:
        away = other if schema in facts.move.schemas else schema
        if away not in facts.moving:
            yield Note(
                f"function {function}",
                f"its text names schema {quote_ident(other)}",
                f"DROP ROUTINE {function}",
                "Read it, and change it before the move if it uses the other service's tables.",
            )
