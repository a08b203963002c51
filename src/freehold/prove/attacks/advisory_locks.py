"""Hold the advisory lock that another service waits for.

Tried: between neighbours in one database, one takes an advisory lock of a random number, the other tries it.

Why: advisory locks have no owner and no privilege; one service can stop another's jobs.

Holds it off: nothing inside one database. ``database-per-service`` and ``instance-per-service`` prevent it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from freehold.prove.judge import evidence, held, limit, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Run, Scene, Tell
from freehold.prove.scene import neighbours
from freehold.sqltext import sql

_CODE = "advisory_locks"
_PREVENTED_BY = ("database-per-service", "instance-per-service")


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
    # a number nobody uses: nobody's job is stopped by the proof
    number = int.from_bytes(hashlib.sha256(canary.token.encode()).digest()[:7], "big")
    take = sql("SELECT pg_catalog.pg_try_advisory_lock({})", number)
    taken = (yield Run(piece.instance, piece.database, login.role, (take,), session="holder", keep=True))[0]
    tried = (yield Run(victim.instance, victim.database, victim.role, (take,), session="victim", keep=True))[0]
    shown = f'database "{piece.database}"'
    if not (taken.ok and tried.ok and taken.rows and tried.rows):
        tell(unknown(_CODE, login, victim.service, shown, taken if not taken.ok else tried))
    elif taken.rows[0][0] == "t" and tried.rows[0][0] == "f":
        tell(
            limit(
                _CODE,
                login,
                victim.service,
                shown,
                "advisory locks of other services can be held inside one database",
                "The other service's pg_try_advisory_lock answered false.",
                _PREVENTED_BY,
                evidence=(evidence(victim, piece.instance, piece.database, take, tried),),
                remedy="Use the two-number form with a number of each service's own, and a lock_timeout.",
                group=_CODE,
            )
        )
    else:
        tell(held(login, victim.service))


advisory_locks = Attack("I10", "hold another service's advisory lock", _split, _play, _PREVENTED_BY)
