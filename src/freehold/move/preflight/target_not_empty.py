"""The service's schemas at the new home are not empty.

What is there would be mixed with what comes, or be in its way. Foreign tables and replicas through which services read
it there are in its way too: their readers go first to where it lives, and then with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database


@check()
def target_not_empty(facts: Facts) -> Iterator[Note]:
    found = facts.target.contents
    if found and facts.mirrored:
        here = facts.move.source
        yield Note(
            database(facts.target),
            f"{', '.join(facts.mirrored)} read it there, through a schema of its name",
            "; ".join(
                f"freehold move auto --service {one} --to-instance {here.instance} --to-database {here.database}"
                for one in facts.mirrored
            ),
            "Bring the readers to where the service lives, and move all of them after that.",
        )
    elif found:
        first = ", ".join(f"{kind.lower()} {name}" for kind, name in found[:3])
        more = "" if len(found) <= 3 else f" and {len(found) - 3} more"
        yield Note(
            database(facts.target),
            f"the service's schemas hold {first}{more}",
            "; ".join(f"DROP {kind} IF EXISTS {name} CASCADE" for kind, name in found),
            "Look at it before you drop it: it may be what a move that was given up has left.",
        )
