"""Read and write every single column of another service's tables.

Tried: as each login, on each column by name: SELECT of it, UPDATE of it, INSERT into it; no row is touched.

Why: a grant on one column is invisible in most listings of privileges, and outlives the table grants around it.

Holds it off: no column privileges for PUBLIC or for other services' roles.
The layout ``central`` cannot: all services share one login.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.model import Login, Scene
from freehold.prove.scene import Thing, owns
from freehold.prove.volley import Try, object_attack
from freehold.sqltext import ident, sql

_NOBODY_CAN = frozenset({"428C9", "55000", "0A000", "42809"})


def _tries(thing: Thing) -> Iterator[Try]:
    if thing.object.kind not in ("TABLE", "PARTITIONED TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE"):
        return
    for column in thing.object.columns:
        name = ident(column)
        yield Try(sql("SELECT {} FROM {} WHERE false", name, thing.name), "read", ("SELECT",), column=column, read=True)
        if thing.object.kind == "MATERIALIZED VIEW":
            continue
        yield Try(
            sql("UPDATE {} SET {} = DEFAULT WHERE false", thing.name, name),
            "update",
            ("UPDATE",),
            closed=_NOBODY_CAN,
            column=column,
        )
        yield Try(
            sql("INSERT INTO {} ({}) OVERRIDING USER VALUE SELECT NULL WHERE false", thing.name, name),
            "insert into",
            ("INSERT",),
            closed=_NOBODY_CAN,
            column=column,
        )


def _spare(scene: Scene, login: Login, thing: Thing) -> bool:
    return owns(scene, login, thing)


columns = object_attack("columns", "I2", "read and write single columns of another service", _tries, spare=_spare)
