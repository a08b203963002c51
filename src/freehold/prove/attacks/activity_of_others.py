"""Watch the sessions of another service in pg_stat_activity.

Tried: a session of each service runs a query that holds its canary's secret; every other service of the instance looks
at it.

Why: query text holds customers' data. PostgreSQL hides the text from other roles, but shows user, database and
application_name of every session.

Holds it off: services are not members of pg_monitor or pg_read_all_stats. Names stay visible inside one instance:
``instance-per-service`` prevents it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from freehold.prove.asking import Answer, Run
from freehold.prove.hostile import by_role
from freehold.prove.judge import broken, evidence, held, limit, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell
from freehold.prove.pieces import crowd_of, crowds
from freehold.prove.why import told
from freehold.sqltext import Sql, ident, join, literal, sql

_CODE = "activity_of_others"
_PREVENTED_BY = ("instance-per-service",)


def _split(scene: Scene) -> Iterator[Piece]:
    return crowds(scene, same_database=False)


def _token(scene: Scene, login: Login) -> str:
    canary = scene.canaries.get(login.service)
    return canary.token if canary else f"freehold proof of {login.role}"


def _as(login: Login, statement: Sql) -> Run:
    return Run(login.instance, login.database, login.role, (statement,), session="crowd", keep=True)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    busy = {
        login: sql("SELECT {}::pg_catalog.text AS secret, pg_catalog.pg_backend_pid()", literal(_token(scene, login)))
        for login in crowd_of(piece)
    }
    sessions: dict[Login, int] = {}
    for login, statement in busy.items():
        answer = (yield _as(login, statement))[0]
        if answer.ok and answer.rows and answer.rows[0][1]:
            sessions[login] = int(answer.rows[0][1])
        else:
            tell(unknown(_CODE, None, login.service, _shown(login), answer))
    for login in sessions:
        others = {str(pid): victim for victim, pid in sessions.items() if victim != login}
        if not others:
            continue
        look = sql(
            "SELECT pid, query, usename, datname, application_name FROM pg_catalog.pg_stat_activity WHERE pid IN ({})",
            join(", ", [sql("{}", int(pid)) for pid in others]),
        )
        answer = (yield _as(login, look))[0]
        seen = {row[0]: row for row in answer.rows}
        for pid, victim in others.items():
            row = seen.get(pid)
            said = replace(answer, rows=() if row is None else (row,))
            _judge(scene, login, victim, look, said, tell)
        # its own text must hold its secret again for those who look later
        yield _as(login, busy[login])


def _judge(scene: Scene, login: Login, victim: Login, look: Sql, answer: Answer, tell: Tell) -> None:
    shown = _shown(victim)
    if not answer.ok:
        tell(unknown(_CODE, login, victim.service, shown, answer))
    elif not answer.rows:
        tell(held(login, victim.service))
    elif _token(scene, victim) in (answer.rows[0][1] or ""):
        detail, remedy, group = told(by_role(scene.found.servers[login.instance], login.role, "pg_read_all_stats"))
        tell(
            broken(
                _CODE,
                login,
                victim.service,
                shown,
                f'role "{login.role}" can read the queries of other roles',
                detail,
                evidence=(evidence(login, login.instance, login.database, look, answer),),
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
                f"instance {login.instance}",
                "user, database and application_name of every session are visible to every login",
                "The text of queries is hidden.",
                _PREVENTED_BY,
                evidence=(evidence(login, login.instance, login.database, look, answer),),
                remedy="Put no business data in application_name.",
            )
        )


def _shown(login: Login) -> str:
    return f"sessions of role {ident(login.role)}"


activity_of_others = Attack("I5", "watch the sessions of others", _split, _play, _PREVENTED_BY)
