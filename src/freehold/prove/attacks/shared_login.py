"""Read another service's data with the login that all services share.

Tried: under the layout ``central``, the shared app login really reads the canary of every service.

Why: with one login for all, whoever breaks into one service holds the data of all; and no log tells them apart.

Holds it off: nothing in this layout. ``schema-per-service``, ``groups``, ``database-per-service`` and
``instance-per-service`` give each service roles of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Run
from freehold.prove.judge import evidence, held, limit, unknown
from freehold.prove.model import Attack, Canary, Conversation, Piece, Result, Scene, Tell, Verdict
from freehold.prove.pieces import rooms
from freehold.prove.scene import placement_of
from freehold.sqltext import ident, sql

_CODE = "shared_login"
_PREVENTED_BY = ("schema-per-service", "groups", "database-per-service", "instance-per-service")


def _split(scene: Scene) -> Iterator[Piece]:
    for login in scene.logins:
        if login.purpose not in ("app", "ro") or login.service:
            continue
        for placement in placement_of(scene, login):
            canary = scene.canaries.get(placement.service)
            readable = login.purpose == "app" or placement.schemas
            if canary is not None and placement.database in rooms(scene, login) and readable:
                yield Piece(login, login.instance, placement.database, canary)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login, canary = piece.actor, piece.part
    assert login is not None
    assert isinstance(canary, Canary)
    statement = sql("SELECT token FROM {}", ident(canary.schema, canary.table))
    answer = (yield Run(piece.instance, piece.database, login.role, (statement,)))[0]
    seen = answer.ok and answer.rows == ((canary.token,),)
    others = [p.service for p in placement_of(scene, login) if p.service != canary.service]
    shown = f"role {ident(login.role)}"
    if not answer.ok and answer.sqlstate != "42501":
        tell(unknown(_CODE, login, canary.service, shown, answer))
        return
    if not seen:
        tell(held(login, canary.service))
        return
    told = limit(
        _CODE,
        login,
        canary.service,
        shown,
        f'services share the login "{login.role}": each can read and write the data of service "{canary.service}"',
        f'The canary of service "{canary.service}" was read with the login of {len(others)} other services.',
        _PREVENTED_BY,
        evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
        remedy="freehold move start --to schema-per-service",
        group=_CODE,
    )
    tell(told)
    for other in sorted(others):
        tell(Result(Verdict.LIMIT, other, canary.service, None, attempts=0))


shared_login = Attack("I2", "read others' data with a shared login", _split, _play, _PREVENTED_BY)
