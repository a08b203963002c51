"""Read and overwrite the large objects of another service.

Tried: as each login, lo_get and lo_put on the canary's large object of every other service in the database.

Why: large objects have no schema; only their own ACL stands before them, and lo_compat_privileges turns that off.

Holds it off: lo_compat_privileges is off. The list of large objects stays visible inside one database.
The layout ``central`` cannot: all services share one owner.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.hostile import Attempt, by_role, hostile_attack
from freehold.prove.model import Login, Piece, Scene
from freehold.prove.pieces import everywhere
from freehold.prove.scene import placement_of
from freehold.prove.why import Ground
from freehold.sqltext import ident, literal, sql

# another attacker writes the same object at this moment: it, too, got past the privilege check
_RACE = frozenset({"55P03"})


def _pieces(scene: Scene) -> Iterator[Piece]:
    return (piece for piece in everywhere(scene) if piece.actor and piece.actor.purpose != "backup")


def _attempts(scene: Scene, login: Login, piece: Piece) -> Iterator[Attempt]:
    mine = {p.service for p in placement_of(scene, login) if p.schemas == () or login.service == p.service}
    for service, canary in sorted(scene.canaries.items()):
        if (canary.instance, canary.database) != (piece.instance, piece.database) or service in mine:
            continue
        if not canary.large_object:
            continue
        shown = f'large objects of role "{canary.owner}"'
        grounds = (*by_role(scene.found.servers[piece.instance], login.role), *_compat(scene, login, piece))
        statement = sql("SELECT pg_catalog.convert_from(pg_catalog.lo_get({}), 'UTF8')", canary.large_object)
        yield Attempt(
            statement, shown, f'can read a large object of service "{service}"', grounds, target=service, opened=_RACE
        )
        statement = sql("SELECT pg_catalog.lo_put({}, 0, {}::pg_catalog.bytea)", canary.large_object, literal("x"))
        yield Attempt(
            statement, shown, f'can write a large object of service "{service}"', grounds, target=service, opened=_RACE
        )


def _compat(scene: Scene, login: Login, piece: Piece) -> Iterator[Ground]:
    server = scene.found.servers[piece.instance]
    name = "lo_compat_privileges"
    for role, key, value in server.databases[piece.database].settings:
        if key == name and value == "on" and role in ("", login.role):
            where = f"ALTER ROLE {ident(role)} IN DATABASE" if role else "ALTER DATABASE"
            yield Ground(f"{name} is on", f"{where} {ident(piece.database)} RESET {name};", name)
    if ("lo_compat_privileges", "on") in server.roles[login.role].settings:
        yield Ground(f"{name} is on", f"ALTER ROLE {ident(login.role)} RESET {name};", name)
    setting = server.settings.get(name)
    if setting is not None and (setting.value == "on" or setting.configured == "on"):
        yield Ground(f"{name} is on", f"ALTER SYSTEM RESET {name};\nSELECT pg_catalog.pg_reload_conf();", name)


large_objects = hostile_attack(
    "large_objects", "I16", "read and write another service's large objects", _attempts, pieces=_pieces
)
