"""The target is older than the source.

What the newer version brought does not exist there: definitions that use it are refused when they are made, and
privileges that it does not know are left out and named.
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
            "The structure is made first and in one transaction, so that nothing is lost when it is refused.",
        )
