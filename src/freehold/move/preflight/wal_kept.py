"""The server throws away changes that a slow reader has not read.

With max_slot_wal_keep_size a slot that falls behind by more is lost, and the move has to copy everything again.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance


@check(Level.WARNING)
def wal_kept(facts: Facts) -> Iterator[Note]:
    for side in facts.sides:
        if side.slot_wal_kept_mb >= 0:
            yield Note(
                instance(side),
                f"max_slot_wal_keep_size is {side.slot_wal_kept_mb} MB: a slot that is further behind is lost",
                "ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_catalog.pg_reload_conf()",
            )
