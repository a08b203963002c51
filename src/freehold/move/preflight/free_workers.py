"""There are too few workers that write what a stream brings.

The target needs one for the move, the source one for the way back; each also takes a place for its progress
(max_active_replication_origins, before 18 max_replication_slots).
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance


@check()
def free_workers(facts: Facts) -> Iterator[Note]:
    need = 2 if facts.same_instance else 1
    for side in facts.sides:
        if side.free_workers < need:
            yield Note(
                instance(side),
                f"{max(0, side.free_workers)} workers of logical replication are free, the move needs {need}",
                f"ALTER SYSTEM SET max_logical_replication_workers = {4 + need}",
                "The server must be restarted after it. max_worker_processes must leave room for them, and"
                " max_replication_slots (from 18 max_active_replication_origins) for their progress.",
            )
