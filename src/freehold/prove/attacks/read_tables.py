"""Read every table, view and foreign table that belongs to another service.

Tried: as each login, in each database that lets it in, a SELECT on every relation of others, and on their canaries,
where the secret itself is looked for. A SELECT without columns is refused only when not even one column may be read.

Why: a service that reads a neighbour's tables depends on their shape, and leaks them when it is broken into.

Holds it off: no USAGE on the schema, no SELECT for PUBLIC or for the role, no membership in a role that has it.
The layout ``central`` cannot: all services share one login.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.model import Login, Scene
from freehold.prove.scene import RELATIONS, Thing, may_read
from freehold.prove.volley import Try, object_attack
from freehold.sqltext import sql


def _tries(thing: Thing) -> Iterator[Try]:
    if thing.object.kind in RELATIONS:
        if thing.token:
            yield Try(sql("SELECT token FROM {}", thing.name), "read", ("SELECT",))
        else:
            yield Try(sql("SELECT FROM {} LIMIT 0", thing.name), "read", ("SELECT",))


def _spare(scene: Scene, login: Login, thing: Thing) -> bool:
    return may_read(scene, login, thing)


read_tables = object_attack("read_tables", "I2", "read another service's tables", _tries, spare=_spare)
