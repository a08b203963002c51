"""Hang a trigger on another service's table, or tie a foreign key to it.

Tried: as each login, whether TRIGGER, REFERENCES or (from PostgreSQL 17) MAINTAIN on each table of others is there.
A real CREATE TRIGGER takes a lock that blocks writes, so the server's own check is asked.

Why: a trigger runs its code as whoever writes the row: with TRIGGER one service runs code as another. A foreign key
lets one service keep another from deleting rows; MAINTAIN locks the whole table.

Holds it off: these privileges are never granted across services; a declared reference goes to the owner role alone.
The layout ``central`` cannot: all services share one login.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.scene import Thing
from freehold.prove.volley import Try, object_attack, privilege_check


def _tries(thing: Thing) -> Iterator[Try]:
    if thing.object.kind in ("TABLE", "PARTITIONED TABLE"):
        for privilege, verb in (("TRIGGER", "put a trigger on"), ("REFERENCES", "refer to"), ("MAINTAIN", "maintain")):
            # 22023: an older server does not know MAINTAIN
            yield Try(
                privilege_check("table", thing, privilege),
                verb,
                (privilege,),
                boolean=True,
                closed=frozenset({"22023"}) if privilege == "MAINTAIN" else frozenset(),
            )


trigger_and_references = object_attack(
    "trigger_and_references", "I17", "put triggers on or refer to another service's tables", _tries
)
