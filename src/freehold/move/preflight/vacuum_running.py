"""A VACUUM holds a table of the service.

The cutover needs a lock that a VACUUM keeps from it. An ordinary autovacuum makes way by itself; one against wraparound
and one that somebody started do not.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check(Level.WARNING)
def vacuum_running(facts: Facts) -> Iterator[Note]:
    for table, automatic, wraparound in facts.source.vacuums:
        if wraparound or not automatic:
            yield Note(
                f"table {table}",
                "a VACUUM against wraparound is at it" if wraparound else "a VACUUM that somebody started is at it",
                "Wait until pg_stat_progress_vacuum shows it no more.",
                "It may go on during the copy; it must be over at the cutover.",
            )
