"""The target is older than the source.

What the newer version brought does not exist there. What the service has of it is named by other checks; privileges
that the older one does not know are left out and named when the move starts.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance


@check(Level.WARNING)
def older_version(facts: Facts) -> Iterator[Note]:
    source, target = facts.source.version // 10000, facts.target.version // 10000
    if target < source:
        yield Note(
            instance(facts.target),
            f"it runs PostgreSQL {target}, the source runs {source}",
            f"Upgrade the target to PostgreSQL {source} before the move.",
            "What the text of a function calls is not looked at: try what calls newer functions.",
        )
