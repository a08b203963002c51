"""A view, a function, a policy or a trigger needs something across the service's edge that it cannot have there.

Views, materialized views, policies and functions may read tables of another service that their own service declares
under reads: there is a table of that name wherever the two live. What writes there, what calls another service's
functions or uses its types, rules and triggers could not exist in two databases; neither could what reads a single
partition, or a table with row security. Nothing is in the way when the other service lives at the same place under
the same owner.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.crossing import trouble, uses
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check()
def crossing_objects(facts: Facts) -> Iterator[Note]:
    for use in uses(facts):
        if (told := trouble(facts, use)) is not None:
            yield Note(
                f"{use.kind} {use.name}",
                told[0],
                told[1],
                "Declare under reads: what one service reads of another; Freehold then makes a link or a copy for it.",
            )
