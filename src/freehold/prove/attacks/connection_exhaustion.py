"""Take all connections of the instance.

Tried: nothing is exhausted (exhaust_connections does that, when asked to); the limits are judged: every service login
has a CONNECTION LIMIT, and their sum fits in max_connections without the reserved ones, so that no service can keep
another out.

Why: a leak of connections in one service is the most common way to stop all.

Holds it off: CONNECTION LIMIT for each login, a pool for each service, reserved connections.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Evidence
from freehold.found.model import Server
from freehold.prove.judge import broken, held
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.scene import capacity
from freehold.sqltext import ident

_CODE = "connection_exhaustion"
_DEFAULT = 20


def _split(scene: Scene) -> Iterator[Piece]:
    return (Piece(None, instance, "") for instance in sorted(scene.found.servers))


def _number(server: Server, name: str) -> int:
    setting = server.settings.get(name)
    return int(setting.value) if setting is not None and setting.value.isdigit() else 0


def _awaited(server: Server) -> int:
    """What max_connections will be after a restart; 0 when nothing waits for one."""
    setting = server.settings.get("max_connections")
    if setting is None or not setting.pending_restart or setting.configured is None:
        return 0
    return int(setting.configured) if setting.configured.isdigit() else 0


def _restart(scene: Scene, instance: str) -> str:
    owned = any(one.name == instance and one.owned for one in scene.placements.instances)
    return "freehold apply --restart" if owned else f'-- restart instance "{instance}"'


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    server = scene.found.servers[piece.instance]
    total = 0
    for login in scene.logins:
        role = server.roles.get(login.role)
        if login.instance != piece.instance or role is None:
            continue
        if role.connection_limit >= 0:
            total += role.connection_limit
            tell(held(login, login.service))
            continue
        tell(
            broken(
                _CODE,
                login,
                login.service,
                f"role {ident(login.role)}",
                f'role "{login.role}" may take every connection of the instance',
                "It has no CONNECTION LIMIT.",
                evidence=(Evidence(f'pg_roles.rolconnlimit of "{login.role}" is {role.connection_limit}'),),
                remedy=f"ALTER ROLE {ident(login.role)} CONNECTION LIMIT {_DEFAULT};",
            )
        )
    most, there = _number(server, "max_connections"), capacity(server)
    kept = most - there
    if most and total > there:
        waits = _awaited(server)
        enough = waits >= total + kept
        tell(
            broken(
                _CODE,
                None,
                "",
                f"instance {piece.instance}",
                f"connection limits add up to {total}, and the instance has {there}",
                "Services together can take every connection."
                + (f" max_connections = {waits} is written and waits for a restart." if enough else ""),
                evidence=(Evidence(f"max_connections {most}, reserved {kept}, sum of limits {total}"),),
                remedy=_restart(scene, piece.instance)
                if enough
                else f"ALTER SYSTEM SET max_connections = {total + kept}; -- and restart the instance",
            )
        )
    else:
        tell(held(None))
    return
    yield  # a conversation that asks nothing


connection_exhaustion = Attack("I22", "take all connections", _split, _play)
