"""An event trigger is of a database and not of a service.

One at the new home runs for every definition that the move makes: it may refuse or change it, and it runs with the
rights of the administrator. One at the old home stays there, and what is done at the new home does not meet it.
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
        if not name.startswith(_OUR_OWN):
            yield Note(
                f"event trigger {ident(name)} in {database(facts.target)}",
                "it runs for every definition that the move makes",
                sql("ALTER EVENT TRIGGER {} DISABLE", ident(name)).shown(),
            )
    for name in facts.source.event_triggers:
        if name not in facts.target.event_triggers and not name.startswith(_OUR_OWN):
            yield Note(
                f"event trigger {ident(name)} in {database(facts.source)}",
                "it does not go along",
                "-- make it anew at the new home, with its function, when the move is complete; or disable it",
                level=Level.INFO,
            )


_OUR_OWN = "freehold_"
