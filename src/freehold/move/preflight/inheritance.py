"""Tables inherit from each other.

Rows of a child show in its parent; a copy of both would hold them twice, and the streams cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check()
def inheritance(facts: Facts) -> Iterator[Note]:
    for child, parent in facts.source.inherited:
        yield Note(
            f"table {child}",
            f"it inherits from {parent}, which is no partitioning",
            f"ALTER TABLE {child} NO INHERIT {parent}",
            "A parent that shows the rows of its children can be a view, or a partitioned table.",
        )
