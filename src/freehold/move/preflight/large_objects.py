"""Roles of the service own large objects.

Large objects are in no table and in no stream: columns would arrive that name objects which do not exist there. Put
the content into a bytea column, or give the objects to a role that stays.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database


@check()
def large_objects(facts: Facts) -> Iterator[Note]:
    found = facts.source.large_objects
    if found:
        more = facts.inventory.large_objects
        yield Note(
            f"large objects in {database(facts.source)}",
            f"the service owns {max(more, len(found))} of them, the first is {found[0]}",
            "; ".join(f"ALTER LARGE OBJECT {one} OWNER TO CURRENT_USER" for one in found),
            "They stay in the old database under the new owner; lo_get() gives the content as bytea.",
        )
