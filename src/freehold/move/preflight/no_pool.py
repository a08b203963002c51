"""The service has no pool.

Without a pool nothing can hold its clients back for the moment of the cutover or lead them to the new home: they get
errors until they connect to the new address. No write is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check(Level.WARNING)
def no_pool(facts: Facts) -> Iterator[Note]:
    if not facts.has_pool:
        yield Note(
            f'service "{facts.move.service}"',
            "it has no pool: its clients get errors at the cutover, until they connect to the new address",
            "Declare pooler: on its server and run `freehold apply`.",
        )
