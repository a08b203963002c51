"""There are too few connections for replication left.

Each stream of a move is read over one, and a comparison of rows over another.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance

_EACH = 2


@check()
def free_senders(facts: Facts) -> Iterator[Note]:
    need = _EACH * (2 if facts.same_instance else 1)
    for side in facts.sides:
        if side.free_senders < need:
            yield Note(
                instance(side),
                f"{max(0, side.free_senders)} of max_wal_senders are free, the move needs {need}",
                f"ALTER SYSTEM SET max_wal_senders = {10 + need}",
                "The server must be restarted after it.",
            )
