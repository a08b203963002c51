"""Connect through another service's pool.

Tried: each login, with its own password, at each pool that runs and is not its own service's. The server connection
that a pool opened for it is ended at once, so that the login's next client finds its connections free.

Why: a pool holds the connections its service counts on. Whoever gets into it can use them all up, and where services
share a database it is one more way in.

Holds it off: a pool knows only the logins that may connect to its service's database. Where services share a database
those are the logins of all of them, and where it publishes tables, the analytics login; `pooler: {auth: file}` with a
PgBouncer for each service lists its own two.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.model import Placement
from freehold.prove.asking import Answer, Run
from freehold.prove.judge import broken, evidence, held, limit, turned_away, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Pooled, Scene, Tell
from freehold.prove.scene import may_enter, passing_at, placement_of
from freehold.sqltext import keyword

_CODE = "pool_of_other_service"
_PREVENTED_BY = ("database-per-service", "instance-per-service")

# what the pool keeps open for a login counts against that login's connection limit long after the knock: end it too
_KNOCK = (keyword("SELECT 1"), keyword("SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())"))


def _split(scene: Scene) -> Iterator[Piece]:
    return (Piece(None, pool.place, pool.alias, pool) for pool in scene.pools)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    pool = piece.part
    assert isinstance(pool, Pooled)
    instance = scene.placements.of(pool.service).instance
    for login in scene.logins:
        mine = {p.service for p in placement_of(scene, login)}
        # a pool knows names: that of the same login of another instance is the one of its own
        elsewhere = login.purpose == "analytics" and login.instance != instance
        if pool.service not in mine and login.purpose in ("app", "ro", "analytics") and not elsewhere:
            said = yield Run(pool.place, pool.alias, login.role, _KNOCK, session="knock", keep=True)
            _judge(scene, pool, login, said[0], tell)


def _judge(scene: Scene, pool: Pooled, login: Login, answer: Answer, tell: Tell) -> None:
    home = scene.placements.of(pool.service)
    shown = f'pool of "{pool.service}"'
    proof = (evidence(login, pool.place, pool.alias, keyword("CONNECT"), answer),)
    if turned_away(answer):
        tell(held(login, pool.service))
    elif not answer.ok:
        tell(unknown(_CODE, login, pool.service, shown, answer))
    elif _may_enter(scene, login, home):
        tell(
            limit(
                _CODE,
                login,
                pool.service,
                shown,
                "a login that may connect to a database may do so through any pool that leads there",
                "It has only its own rights there, and can take the pool's connections.",
                () if login.purpose == "analytics" else _PREVENTED_BY,
                evidence=proof,
                remedy="Write pooler: {auth: file} with sharing: service.",
                group=_CODE,
            )
        )
    else:
        tell(
            broken(
                _CODE,
                login,
                pool.service,
                shown,
                f'role "{login.role}" can connect through the {shown}',
                "The pool lets in a login that has nothing to do in its database.",
                evidence=proof,
                remedy="freehold apply --authoritative --allow-destroy; freehold pool reload",
            )
        )


def _may_enter(scene: Scene, login: Login, home: Placement) -> bool:
    if login.role in passing_at(scene, home.instance, home.database):
        return True  # its service is on the move, and this is its other home
    return login.instance == home.instance and may_enter(scene, login, home.instance, home.database)


pool_of_other_service = Attack("I22", "connect through another service's pool", _split, _play, _PREVENTED_BY)
