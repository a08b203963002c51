"""Hold the advisory lock that another service waits for.

Tried: between all services of a database, each takes an advisory lock of a random number, and each tries the locks of
all others.

Why: advisory locks have no owner and no privilege; one service can stop another's jobs.

Holds it off: nothing inside one database. ``database-per-service`` and ``instance-per-service`` prevent it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from freehold.prove.asking import Run
from freehold.prove.judge import evidence, held, limit, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell
from freehold.prove.pieces import crowd_of, crowds
from freehold.sqltext import join, sql

_CODE = "advisory_locks"
_PREVENTED_BY = ("database-per-service", "instance-per-service")


def _split(scene: Scene) -> Iterator[Piece]:
    return crowds(scene, same_database=True)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    shown = f'database "{piece.database}"'
    taken: dict[Login, int] = {}
    for login in crowd_of(piece):
        canary = scene.canaries.get(login.service)
        if canary is None:
            continue
        # a number nobody uses: nobody's job is stopped by the proof
        number = int.from_bytes(hashlib.sha256(canary.token.encode()).digest()[:7], "big")
        take = sql("SELECT pg_catalog.pg_try_advisory_lock({})", number)
        answer = (yield Run(login.instance, login.database, login.role, (take,), session="crowd", keep=True))[0]
        if answer.ok and answer.rows and answer.rows[0][0] == "t":
            taken[login] = number
        else:
            tell(unknown(_CODE, login, "", shown, answer))
    for victim in taken:
        holders = [login for login in taken if login != victim]
        if not holders:
            continue
        tries = join(", ", [sql("pg_catalog.pg_try_advisory_lock({})", taken[login]) for login in holders])
        statement = sql("SELECT {}", tries)
        run = Run(victim.instance, victim.database, victim.role, (statement,), session="crowd", keep=True)
        answer = (yield run)[0]
        for position, login in enumerate(holders):
            if not answer.ok or not answer.rows:
                tell(unknown(_CODE, login, victim.service, shown, answer))
            elif answer.rows[0][position] == "f":
                tell(
                    limit(
                        _CODE,
                        login,
                        victim.service,
                        shown,
                        "advisory locks of other services can be held inside one database",
                        "The other service's pg_try_advisory_lock answered false.",
                        _PREVENTED_BY,
                        evidence=(evidence(victim, piece.instance, piece.database, statement, answer),),
                        remedy="Use the two-number form with a number of each service's own, and a lock_timeout.",
                        group=_CODE,
                    )
                )
            else:
                tell(held(login, victim.service))


advisory_locks = Attack("I10", "hold another service's advisory lock", _split, _play, _PREVENTED_BY)
