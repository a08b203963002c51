"""There is too little room.

The target needs room for the rows, their indexes and the log that writing them makes: twice what the service takes
now. The source keeps its log while the copy lasts. Told only for instances whose disk Freehold can see.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance


@check()
def disk_space(facts: Facts) -> Iterator[Note]:
    size = facts.source.bytes
    for side, free, need, level in (
        (facts.target, facts.free_bytes_target, 2 * size, Level.ERROR),
        (facts.source, facts.free_bytes_source, size, Level.WARNING),
    ):
        if free is not None and free < need:
            yield Note(
                instance(side),
                f"{_mb(free)} MB are free, and about {_mb(need)} MB are needed",
                "Make room on that disk.",
                level=level,
            )


def _mb(bytes: int) -> int:
    return -(-bytes // 2**20)
