"""The server of the new home refuses a definition of the service.

Where the two servers are of different versions every definition is tried on the target before anything is made, in one
transaction that is rolled back and under a role that may do nothing else. What a function's text calls is not tried: a
server looks at that when the function is called.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check()
def refused_definitions(facts: Facts) -> Iterator[Note]:
    source, target = facts.source.version // 10000, facts.target.version // 10000
    for one in facts.refused:
        yield Note(
            one.object,
            f"PostgreSQL {target} refuses its definition: {one.said}",
            f"-- change the definition to what PostgreSQL {target} knows, or move to a server that runs {source}",
        )
