"""Insert into, update and delete from every table that belongs to another service.

Tried: as each login, INSERT, UPDATE and DELETE with a condition that no row meets, so that no row, no sequence and
no row trigger is touched; on the canaries the full statement, rolled back. A read-only login is held to this in its
own service as well.

Why: a wrong write into a neighbour's ledger cannot be seen afterwards.

Holds it off: no INSERT, UPDATE or DELETE for PUBLIC or other roles, no membership that brings them.
The layout ``central`` cannot: all services share one login.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.model import Login, Scene
from freehold.prove.scene import RELATIONS, Thing, owns
from freehold.prove.volley import Try, object_attack
from freehold.sqltext import ident, sql

# another attacker has the canary's row at this moment: it, too, got past the privilege check
_RACE = frozenset({"55P03"})
_NOBODY_CAN = frozenset({"55000", "0A000", "42809", "428C9"})


def _tries(thing: Thing) -> Iterator[Try]:
    if thing.object.kind not in RELATIONS or thing.object.kind == "MATERIALIZED VIEW":
        return
    if thing.token:
        yield Try(
            sql("INSERT INTO {} (id, token) VALUES (0, 'x')", thing.name), "insert into", ("INSERT",), opened=_RACE
        )
        yield Try(sql("UPDATE {} SET token = 'x'", thing.name), "update", ("UPDATE",), opened=_RACE)
        yield Try(sql("DELETE FROM {}", thing.name), "delete from", ("DELETE",), opened=_RACE)
        return
    if thing.object.columns:
        first = ident(thing.object.columns[0])
        yield Try(
            sql("INSERT INTO {} ({}) OVERRIDING USER VALUE SELECT NULL WHERE false", thing.name, first),
            "insert into",
            ("INSERT",),
            closed=_NOBODY_CAN,
        )
        yield Try(
            sql("UPDATE {} SET {} = DEFAULT WHERE false", thing.name, first), "update", ("UPDATE",), closed=_NOBODY_CAN
        )
    yield Try(sql("DELETE FROM {} WHERE false", thing.name), "delete from", ("DELETE",), closed=_NOBODY_CAN)


def _spare(scene: Scene, login: Login, thing: Thing) -> bool:
    return owns(scene, login, thing) and login.purpose != "ro"


write_tables = object_attack("write_tables", "I2", "write into another service's tables", _tries, spare=_spare)
