"""The server does not write what a move reads.

A move follows the writes of its source by logical decoding, and its way back follows those of the target.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance


@check()
def wal_level(facts: Facts) -> Iterator[Note]:
    for side in facts.sides:
        if side.wal_level != "logical":
            yield Note(
                instance(side),
                f"wal_level is {side.wal_level}, a move needs logical",
                "ALTER SYSTEM SET wal_level = 'logical'",
                "The server must be restarted after it.",
            )
