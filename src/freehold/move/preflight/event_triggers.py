"""An event trigger at the new home runs for every definition that the move makes.

It may refuse or change it, and it runs with the rights of the administrator.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database
from freehold.sqltext import ident, sql


@check(Level.WARNING)
def event_triggers(facts: Facts) -> Iterator[Note]:
    for name in facts.target.event_triggers:
        yield Note(
            f"event trigger {ident(name)} in {database(facts.target)}",
            "it runs for every definition that the move makes",
            sql("ALTER EVENT TRIGGER {} DISABLE", ident(name)).shown(),
        )
