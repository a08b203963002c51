"""Read or move the sequences of another service.

Tried: as each login, SELECT of last_value, and whether USAGE and UPDATE are there; nextval and setval are never
called, because a sequence does not roll back.

Why: last_value tells how many orders a neighbour has; setval makes its next insert fail.

Holds it off: no privileges on sequences for PUBLIC or other roles.
The layout ``central`` cannot: all services share one login.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.scene import Thing, may_read
from freehold.prove.volley import Try, object_attack, privilege_check
from freehold.sqltext import sql


def _tries(thing: Thing) -> Iterator[Try]:
    if thing.object.kind == "SEQUENCE":
        yield Try(sql("SELECT last_value FROM {}", thing.name), "read", ("SELECT",))
        yield Try(privilege_check("sequence", thing, "USAGE"), "advance", ("USAGE", "UPDATE"), boolean=True)
        yield Try(privilege_check("sequence", thing, "UPDATE"), "set", ("UPDATE",), boolean=True)


sequences = object_attack("sequences", "I2", "read or move another service's sequences", _tries, spare=may_read)
