"""Change or drop the objects of another service, and of the own one, which only its owner role may.

Tried: as each login, ALTER TABLE .. RESET and DROP on every table, view and sequence, DROP on every routine, in
transactions that are rolled back; of both PostgreSQL checks ownership before it takes the lock, so that a busy table
is not waited for.

Why: whoever can drop a table or replace a function owns the service, whatever its grants say.

Holds it off: objects belong to a role that cannot log in and has no members among the logins.
The layout ``central`` holds this too: its shared login owns nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.model import Login, Scene
from freehold.prove.scene import RELATIONS, ROUTINES, Thing, placement_of
from freehold.prove.volley import Try, object_attack
from freehold.prove.why import object_words
from freehold.sqltext import sql, words

# 42809: a sequence has no such option; said after the ownership is checked, as the others are
_PASSED = frozenset({"2BP01", "55P03", "0A000", "42809"})


def _tries(thing: Thing) -> Iterator[Try]:
    kind = thing.object.kind
    if kind == "PARTITIONED TABLE":
        kind = "TABLE"
    if kind in RELATIONS or kind == "SEQUENCE":
        yield Try(sql("ALTER TABLE {} RESET (fillfactor)", thing.name), "alter", (), opened=_PASSED)
        yield Try(sql("DROP {} {}", words(kind), thing.name), "drop", (), opened=_PASSED)
    elif kind in ROUTINES and kind != "AGGREGATE":
        yield Try(sql("DROP {}", object_words(thing.object)), "drop", (), opened=_PASSED)


def _spare(scene: Scene, login: Login, thing: Thing) -> bool:
    return any(not p.schemas and p.database == thing.database for p in placement_of(scene, login))


ddl = object_attack("ddl", "I2", "change or drop another service's objects", _tries, spare=_spare, locks=True)
