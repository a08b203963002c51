"""There are too few replication slots left.

On each side a move holds one slot for its stream and another while it compares rows; on one instance that is four.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance

_EACH = 2


@check()
def free_slots(facts: Facts) -> Iterator[Note]:
    need = _EACH * (2 if facts.same_instance else 1)
    for side in facts.sides:
        if side.free_slots < need:
            yield Note(
                instance(side),
                f"{max(0, side.free_slots)} replication slots are free, the move needs {need}",
                f"ALTER SYSTEM SET max_replication_slots = {10 + need}",
                "The server must be restarted after it. Slots that nobody reads any more can be dropped instead.",
            )
