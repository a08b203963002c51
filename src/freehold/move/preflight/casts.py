"""A cast of a type of the service is not moved.

Casts belong to no schema. Make it again at the new home after the move, or drop it.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check()
def casts(facts: Facts) -> Iterator[Note]:
    for source, target in facts.source.casts:
        yield Note(
            f"cast ({source} AS {target})",
            "casts are not moved",
            f"DROP CAST ({source} AS {target})",
            "Definitions that need the cast would be refused at the new home.",
        )
