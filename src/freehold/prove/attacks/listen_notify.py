"""Listen to another service's notifications, and forge them.

Tried: between neighbours in one database, LISTEN on a channel, then NOTIFY of a secret on it by the other service.

Why: a payload with data is received by everybody, and a forged one is believed; PostgreSQL has no privilege for it.

Holds it off: nothing inside one database. ``database-per-service`` and ``instance-per-service`` prevent it. Send an id,
not data, and read the row again.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.judge import evidence, held, limit, unknown
from freehold.prove.model import Answer, Attack, Conversation, Login, Notifications, Piece, Run, Scene, Tell
from freehold.prove.scene import neighbours
from freehold.sqltext import ident, literal, sql

_CODE = "listen_notify"
_PREVENTED_BY = ("database-per-service", "instance-per-service")
_WAIT_MS = 20
_LONGER_MS = 500


def _split(scene: Scene) -> Iterator[Piece]:
    for attacker, victim in neighbours(scene, same_database=True):
        yield Piece(attacker, attacker.instance, attacker.database, victim)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login, victim = piece.actor, piece.part
    assert login is not None
    assert isinstance(victim, Login)
    canary = scene.canaries.get(victim.service)
    if canary is None:
        return
    shown = f'database "{piece.database}"'
    listen = sql("LISTEN {}", ident(canary.table))
    first = (yield Run(piece.instance, piece.database, login.role, (listen,), session="ears", keep=True))[0]
    send = sql("SELECT pg_catalog.pg_notify({}, {})", literal(canary.table), literal(canary.token))
    second = (yield Run(victim.instance, victim.database, victim.role, (send,), session="victim", keep=True))[0]
    for answer in (first, second):
        if not answer.ok:
            tell(unknown(_CODE, login, victim.service, shown, answer))
            return
    note = (canary.table, canary.token)
    heard = (yield Notifications(login.role, "ears", _WAIT_MS))[0]
    if note not in heard.rows:
        # a busy server is slow to pass it on; silence counts only after a while
        heard = (yield Notifications(login.role, "ears", _LONGER_MS))[0]
    if note not in heard.rows:
        tell(held(login, victim.service))
        return
    tell(
        limit(
            _CODE,
            login,
            victim.service,
            shown,
            "notifications of other services can be received and forged inside one database",
            "The canary's secret was received with LISTEN.",
            _PREVENTED_BY,
            evidence=(evidence(login, piece.instance, piece.database, listen, Answer(rows=(("<the canary>",),))),),
            remedy="Send an id and read the row again, never data.",
            group=_CODE,
        )
    )


listen_notify = Attack("I9", "receive and forge notifications", _split, _play, _PREVENTED_BY)
