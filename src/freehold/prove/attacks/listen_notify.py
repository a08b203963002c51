"""Listen to another service's notifications, and forge them.

Tried: between all services of a database, LISTEN on the channels of all others, then NOTIFY of a secret by each.

Why: a payload with data is received by everybody, and a forged one is believed; PostgreSQL has no privilege for it.

Holds it off: nothing inside one database. ``database-per-service`` and ``instance-per-service`` prevent it. Send an id,
not data, and read the row again.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Answer, Notifications, Run
from freehold.prove.judge import evidence, held, limit, unknown
from freehold.prove.model import Attack, Canary, Conversation, Login, Piece, Scene, Tell
from freehold.prove.pieces import crowd_of, crowds
from freehold.sqltext import ident, join, literal, sql

_CODE = "listen_notify"
_PREVENTED_BY = ("database-per-service", "instance-per-service")
_WAIT_MS = 20
_LONGER_MS = 500


def _split(scene: Scene) -> Iterator[Piece]:
    return crowds(scene, same_database=True)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    shown = f'database "{piece.database}"'
    canaries = {login: scene.canaries[login.service] for login in crowd_of(piece) if login.service in scene.canaries}
    ready: dict[Login, Canary] = {}
    for login, canary in canaries.items():
        others = [sql("LISTEN {}", ident(one.table)) for one in canaries.values() if one is not canary]
        if others:
            ears = Run(login.instance, login.database, login.role, (join("; ", others),), session="crowd", keep=True)
            answer = (yield ears)[0]
            if answer.ok:
                ready[login] = canary
            else:
                tell(unknown(_CODE, login, "", shown, answer))
    sent: dict[Login, Canary] = {}
    for login, canary in ready.items():
        send = sql("SELECT pg_catalog.pg_notify({}, {})", literal(canary.table), literal(canary.token))
        answer = (yield Run(login.instance, login.database, login.role, (send,), session="crowd", keep=True))[0]
        if answer.ok:
            sent[login] = canary
        else:
            tell(unknown(_CODE, None, login.service, shown, answer))
    for login in ready:
        wanted = {(canary.table, canary.token) for victim, canary in sent.items() if victim != login}
        answer = (yield Notifications(login.role, "crowd", _WAIT_MS))[0]
        heard = set(answer.rows)
        if answer.ok and not wanted <= heard:
            # a busy server is slow to pass it on; silence counts only after a while
            answer = (yield Notifications(login.role, "crowd", _LONGER_MS))[0]
            heard |= set(answer.rows)
        for victim, canary in sent.items():
            if victim == login:
                continue
            if (canary.table, canary.token) not in heard:
                tell(held(login, victim.service) if answer.ok else unknown(_CODE, login, victim.service, shown, answer))
                continue
            listen = sql("LISTEN {}", ident(canary.table))
            said = Answer(rows=(("<the canary>",),))
            tell(
                limit(
                    _CODE,
                    login,
                    victim.service,
                    shown,
                    "notifications of other services can be received and forged inside one database",
                    "The canary's secret was received with LISTEN.",
                    _PREVENTED_BY,
                    evidence=(evidence(login, piece.instance, piece.database, listen, said),),
                    remedy="Send an id and read the row again, never data.",
                    group=_CODE,
                )
            )


listen_notify = Attack("I9", "receive and forge notifications", _split, _play, _PREVENTED_BY)
