"""Find what another client of the same pool left behind.

Tried: two clients of one service through its pool, on a way behind which there is one server connection. The first
leaves a setting, a timeout, a prepared statement, a cursor, an advisory lock and a temporary table; the second looks.

Why: in transaction mode a server connection goes from client to client as it is. A leftover setting decides what the
next client's statements do: with row security by a setting, whose rows it sees.

Holds it off: `pooler: {reset: true}` clears the connection after each transaction. Without it this is a limit of
pooling by transaction, in every layout, and clients must use SET LOCAL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from freehold.prove.asking import Answer, Run
from freehold.prove.judge import broken, evidence, held, limit, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Pooled, Scene, Tell
from freehold.prove.scene import present
from freehold.sqltext import Sql, keyword, literal, sql

_CODE = "pool_leftovers"


@dataclass(frozen=True, slots=True)
class _Leftover:
    """What the first client does, what the second asks, and the value that shows that it got through."""

    what: str
    leave: Sql
    look: Sql
    seen: str


def _leftovers(token: str) -> tuple[_Leftover, ...]:
    number = int.from_bytes(hashlib.sha256(token.encode()).digest()[:3], "big")
    return (
        _Leftover(
            "a setting",
            sql("SELECT pg_catalog.set_config('freehold.left', {}, false)", literal(token)),
            keyword("SELECT pg_catalog.current_setting('freehold.left', true)"),
            token,
        ),
        _Leftover(
            "a timeout",
            keyword("SELECT pg_catalog.set_config('idle_session_timeout', '1234567ms', false)"),
            keyword("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'"),
            "1234567",
        ),
        _Leftover(
            "a prepared statement",
            sql("PREPARE freehold_left AS SELECT {}::text", literal(token)),
            keyword("EXECUTE freehold_left"),
            token,
        ),
        _Leftover(
            "a cursor",
            sql("DECLARE freehold_left CURSOR WITH HOLD FOR SELECT {}::text", literal(token)),
            keyword("FETCH 1 FROM freehold_left"),
            token,
        ),
        _Leftover(
            "an advisory lock",
            sql("SELECT pg_catalog.pg_advisory_lock({}, 1)", number),
            sql(
                "SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks"
                " WHERE locktype = 'advisory' AND classid = {} AND objsubid = 2 AND pid = pg_catalog.pg_backend_pid()",
                number,
            ),
            "1",
        ),
        _Leftover(
            "a temporary table",
            sql("CREATE TEMPORARY TABLE freehold_left AS SELECT {}::text AS token", literal(token)),
            keyword("SELECT token FROM pg_temp.freehold_left"),
            token,
        ),
    )


def _split(scene: Scene) -> Iterator[Piece]:
    for pool in scene.pools:
        home = scene.placements.of(pool.service)
        for login in scene.logins:
            same = (login.role, login.instance) == (home.roles.app, home.instance)
            if pool.mode == "transaction" and same and present(scene, login) and pool.service in scene.canaries:
                yield Piece(login, pool.place, pool.alone, pool)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login, pool = piece.actor, piece.part
    assert login is not None
    assert isinstance(pool, Pooled)

    def asking(statement: Sql, session: str) -> Run:
        return Run(piece.instance, piece.database, login.role, (statement,), session=session, keep=True)

    for one in _leftovers(scene.canaries[pool.service].token[:20]):
        first = (yield asking(one.leave, "first"))[0]
        if first.sqlstate == "42501":
            tell(held(login, pool.service))  # it may not even do this: temporary tables
        elif not first.ok:
            tell(unknown(_CODE, login, pool.service, pool.alias, first))
        else:
            seen = (yield asking(one.look, "second"))[0]
            _judge(pool, login, piece, one, seen, tell)
    yield asking(keyword("DISCARD ALL"), "second")


def _judge(pool: Pooled, login: Login, piece: Piece, one: _Leftover, seen: Answer, tell: Tell) -> None:
    shown = f'pool of "{pool.service}"'
    proof = (evidence(login, piece.instance, piece.database, one.look, seen),)
    if not (seen.ok and seen.rows and seen.rows[0][0] == one.seen):
        # another value, or an error such as "does not exist": the second client does not have it
        tell(held(login, pool.service))
    elif pool.reset:
        title = f"{one.what} reaches the next client although the pool is declared to reset"
        detail = "The running pool does not do what the declaration says."
        tell(
            broken(
                _CODE, login, pool.service, shown, title, detail, evidence=proof, remedy="freehold pool reload"
            )
        )  # fmt: skip
    else:
        tell(
            limit(
                _CODE,
                login,
                pool.service,
                shown,
                f'what a client leaves on a connection reaches the next client of the pool of "{pool.service}"',
                f"{one.what.capitalize()} came through. `pooler: {{reset: true}}` prevents it.",
                (),
                evidence=proof,
                remedy="Write pooler: {reset: true}, or let clients use SET LOCAL and leave nothing behind.",
                group=_CODE,
            )
        )


pool_leftovers = Attack("", "find what another client of the pool left", _split, _play)
