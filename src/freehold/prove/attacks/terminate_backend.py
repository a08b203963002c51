"""End the sessions of another service.

Tried: every service opens a session for the purpose; each tries to cancel those of all others on the instance, and
to terminate those that it could not cancel.

Why: whoever may end sessions can keep a service down.

Holds it off: only members of the role, of pg_signal_backend, and superusers may. Under ``central`` all sessions are
of one role, and any service can end any other's.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Answer, Batch, Run, Volley
from freehold.prove.hostile import by_role
from freehold.prove.judge import broken, evidence, held, unknown, verdict
from freehold.prove.model import Attack, Conversation, Login, Piece, Result, Scene, Tell, Verdict
from freehold.prove.pieces import crowd_of, crowds
from freehold.prove.why import told
from freehold.sqltext import Sql, ident, keyword, sql

_CODE = "terminate_backend"
_WHO = keyword("SELECT pg_catalog.pg_backend_pid()")


def _split(scene: Scene) -> Iterator[Piece]:
    return crowds(scene, same_database=False)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    sessions: dict[Login, int] = {}
    for login in crowd_of(piece):
        answer = (yield Run(login.instance, login.database, login.role, (_WHO,), session="crowd", keep=True))[0]
        if answer.ok and answer.rows and answer.rows[0][0]:
            sessions[login] = int(answer.rows[0][0])
        else:
            tell(unknown(_CODE, None, login.service, _shown(login), answer))
    for login in sessions:
        left = [(victim, pid) for victim, pid in sessions.items() if victim != login]
        for function in ("pg_catalog.pg_cancel_backend", "pg_catalog.pg_terminate_backend"):
            statements = [sql("SELECT {}({})", keyword(function), pid) for _, pid in left]
            batches = (Batch.of(statements),)
            answers = yield Volley(login.instance, login.database, login.role, batches, session="crowd")
            refused = []
            for (victim, pid), statement, answer in zip(left, statements, answers, strict=True):
                result = _judged(scene, login, victim, statement, answer)
                tell(result)
                if result.verdict is Verdict.HELD:
                    refused.append((victim, pid))
            left = refused


def _judged(scene: Scene, login: Login, victim: Login, statement: Sql, answer: Answer) -> Result:
    match verdict(answer):
        case Verdict.HELD:
            return held(login, victim.service)
        case Verdict.BROKEN if answer.rows and answer.rows[0][0] in ("t", "true"):
            server = scene.found.servers[login.instance]
            detail, remedy, group = told(by_role(server, login.role, "pg_signal_backend", victim.role))
            return broken(
                _CODE,
                login,
                victim.service,
                _shown(victim),
                f'role "{login.role}" can end sessions of role "{victim.role}"',
                detail,
                evidence=(evidence(login, login.instance, login.database, statement, answer),),
                remedy=remedy,
                group=group,
            )
        case _:
            return unknown(_CODE, login, victim.service, _shown(victim), answer)


def _shown(login: Login) -> str:
    return f"sessions of role {ident(login.role)}"


terminate_backend = Attack("I20", "end the sessions of another service", _split, _play)
