"""Call the functions of another service.

Tried: as each login, the canary's own SECURITY DEFINER function is really called; for every other routine of others
the right to call it is asked, because code that nobody here wrote must not run. Not tried: the backup login in the
database of a foreign application, since it may read everything there and the functions are the application's to close.

Why: a SECURITY DEFINER function hands its owner's rights to whoever may call it, and PostgreSQL gives EXECUTE on
each new function to PUBLIC; an application that owns its database whole never takes that back.

Holds it off: ALTER DEFAULT PRIVILEGES .. REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC, no USAGE on the schema; in the
database of a foreign application, the schema public that is taken from PUBLIC.
The layout ``central`` cannot: all services share one login.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.model import Login, Scene
from freehold.prove.scene import ROUTINES, Thing, owns
from freehold.prove.volley import Try, object_attack, privilege_check
from freehold.sqltext import sql


def _tries(thing: Thing) -> Iterator[Try]:
    if thing.object.kind not in ROUTINES:
        return
    if thing.token:
        yield Try(sql("SELECT {}()", thing.name), "call", ("EXECUTE",))
    else:
        yield Try(privilege_check("function", thing, "EXECUTE"), "call", ("EXECUTE",), boolean=True)


def _spare(scene: Scene, login: Login, thing: Thing) -> bool:
    whole = any(not p.schemas for p in scene.placements.within(thing.instance, thing.database))
    return owns(scene, login, thing) or (whole and login.purpose == "backup")


functions = object_attack("functions", "I2", "call another service's functions", _tries, spare=_spare)
