"""Open the console of a pool.

Tried: each login of the platform, with its own password, at the console of each pool that runs; and the console's own
login with no password, with its name, and with the passwords that people leave in place.

Why: the console shows every client and server of the pool, and can pause, redirect or end it.

Holds it off: the console takes one login that exists in no server, with a password that no service has.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Answer, Probe
from freehold.prove.judge import broken, evidence, held, turned_away, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Pooled, Scene, Tell
from freehold.sqltext import keyword

_CODE = "pool_console"
_CONSOLE = "pgbouncer"
_COMMON = ("", "pgbouncer", "postgres", "admin", "password")


def _split(scene: Scene) -> Iterator[Piece]:
    by_place = {pool.place: pool for pool in scene.pools}
    return (Piece(None, place, _CONSOLE, pool) for place, pool in sorted(by_place.items()))


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    pool = piece.part
    assert isinstance(pool, Pooled)
    for login in scene.logins:
        answer = (yield Probe(pool.place, _CONSOLE, login.role))[0]
        _judge(pool, login, answer, f'role "{login.role}" can open the console of a pool', tell)
    console = Login(pool.admin, "console", "", pool.place, _CONSOLE)
    for password in (*_COMMON, pool.admin):
        answer = (yield Probe(pool.place, _CONSOLE, pool.admin, password))[0]
        _judge(pool, console, answer, "the console of a pool takes a password that anybody would try", tell)


def _judge(pool: Pooled, login: Login, answer: Answer, title: str, tell: Tell) -> None:
    if turned_away(answer):
        tell(held(login, pool.service))
    elif not answer.ok:
        tell(unknown(_CODE, login, pool.service, pool.place, answer))
    else:
        tell(
            broken(
                _CODE,
                login,
                pool.service,
                pool.place,
                title,
                "Whoever has the console can pause the pool and lead its clients elsewhere.",
                evidence=(evidence(login, pool.place, _CONSOLE, keyword("CONNECT"), answer),),
                remedy="freehold pool reload",
            )
        )


pool_console = Attack("I23", "open the console of a pool", _split, _play)
