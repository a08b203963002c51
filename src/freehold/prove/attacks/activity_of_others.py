"""Watch the sessions of another service in pg_stat_activity.

Tried: a session of one service runs a query that holds its canary's secret; the next service looks at it.

Why: query text holds customers' data. PostgreSQL hides the text from other roles, but shows user, database and
application_name of every session.

Holds it off: services are not members of pg_monitor or pg_read_all_stats. Names stay visible inside one instance:
``instance-per-service`` prevents it.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.hostile import by_role
from freehold.prove.judge import broken, evidence, held, limit, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Run, Scene, Tell
from freehold.prove.scene import neighbours
from freehold.prove.why import told
from freehold.sqltext import ident, literal, sql

_CODE = "activity_of_others"
_PREVENTED_BY = ("instance-per-service",)


def _split(scene: Scene) -> Iterator[Piece]:
    for attacker, victim in neighbours(scene, same_database=False):
        yield Piece(attacker, attacker.instance, attacker.database, victim)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login, victim = piece.actor, piece.part
    assert login is not None
    assert isinstance(victim, Login)
    canary = scene.canaries.get(victim.service)
    token = canary.token if canary else "freehold proof"
    busy = sql("SELECT {}::pg_catalog.text AS secret, pg_catalog.pg_backend_pid()", literal(token))
    first = (yield Run(victim.instance, victim.database, victim.role, (busy,), session="victim", keep=True))[0]
    if not first.ok or not first.rows or first.rows[0][1] is None:
        tell(unknown(_CODE, login, victim.service, f"role {ident(victim.role)}", first))
        return
    look = sql(
        "SELECT query, usename, datname, application_name FROM pg_catalog.pg_stat_activity WHERE pid = {}",
        int(first.rows[0][1]),
    )
    answer = (yield Run(piece.instance, piece.database, login.role, (look,)))[0]
    shown = f"sessions of role {ident(victim.role)}"
    if not answer.ok:
        tell(unknown(_CODE, login, victim.service, shown, answer))
    elif not answer.rows:
        tell(held(login, victim.service))
    elif token in (answer.rows[0][0] or ""):
        server = scene.found.servers[piece.instance]
        grounds = by_role(server, login.role, "pg_read_all_stats")
        detail, remedy, group = told(grounds)
        tell(
            broken(
                _CODE,
                login,
                victim.service,
                shown,
                f'role "{login.role}" can read the queries of other roles',
                detail,
                evidence=(evidence(login, piece.instance, piece.database, look, answer),),
                remedy=remedy,
                group=group,
            )
        )
    else:
        tell(held(login, victim.service))
        tell(
            limit(
                _CODE,
                login,
                "",
                f"instance {piece.instance}",
                "user, database and application_name of every session are visible to every login",
                "The text of queries is hidden.",
                _PREVENTED_BY,
                evidence=(evidence(login, piece.instance, piece.database, look, answer),),
                remedy="Put no business data in application_name.",
            )
        )


activity_of_others = Attack("I5", "watch the sessions of others", _split, _play, _PREVENTED_BY)
