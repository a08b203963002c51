"""An index is not valid, or not ready: a build of it failed half-way, or has not ended yet.

pg_dump leaves it out, so it would be missing at the new home, and once the move has begun it can neither be built anew
nor dropped. Build it anew where it is wanted; what a failed rebuild left (`_ccnew`, `_ccold`) is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check

_LEFT_OVER = re.compile(r'_cc(new|old)\d*"?$')


@check()
def invalid_indexes(facts: Facts) -> Iterator[Note]:
    for name, table, building in facts.source.invalid_indexes:
        object = f"index {name} on {table}"
        if building:
            yield Note(object, "it is being built", "-- wait until the build has ended, and run this again")
        elif _LEFT_OVER.search(name):
            yield Note(
                object,
                "it is not valid: a rebuild has left it behind",
                f"DROP INDEX CONCURRENTLY {name}",
                "The index that the rebuild was for is another one.",
            )
        else:
            yield Note(
                object,
                "it is not valid: its build has failed",
                f"REINDEX INDEX CONCURRENTLY {name}",
                f"Where it is not wanted: DROP INDEX CONCURRENTLY {name}.",
            )
