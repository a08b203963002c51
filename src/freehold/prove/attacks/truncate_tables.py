"""Truncate every table that belongs to another service.

Tried: as each login, TRUNCATE, rolled back; PostgreSQL checks the privilege before it takes the lock, and where the
privilege is there, a lock that is not free at once is given up.

Why: TRUNCATE empties a table without a row of evidence, and skips row level security and row triggers.

Holds it off: no TRUNCATE for anybody but the owner.
The layout ``central`` cannot hold services apart: all share one login.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.model import Login, Scene
from freehold.prove.scene import Thing, owns
from freehold.prove.volley import Try, object_attack
from freehold.sqltext import sql


def _tries(thing: Thing) -> Iterator[Try]:
    if thing.object.kind in ("TABLE", "PARTITIONED TABLE"):
        # 0A000: a foreign key refers to it; 55P03: the lock was not free; both come after the privilege check
        yield Try(sql("TRUNCATE {}", thing.name), "truncate", ("TRUNCATE",), opened=frozenset({"0A000", "55P03"}))


def _spare(scene: Scene, login: Login, thing: Thing) -> bool:
    return owns(scene, login, thing) and login.purpose != "ro"


truncate_tables = object_attack(
    "truncate_tables", "I2", "truncate another service's tables", _tries, spare=_spare, locks=True
)
