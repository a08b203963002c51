"""End the sessions of another service.

Tried: a session of one service is opened for the purpose; its neighbour on the instance tries to cancel and to
terminate it.

Why: whoever may end sessions can keep a service down.

Holds it off: only members of the role, of pg_signal_backend, and superusers may. Under ``central`` all sessions are
of one role, and any service can end any other's.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.hostile import by_role
from freehold.prove.judge import broken, evidence, held, unknown, verdict
from freehold.prove.model import Attack, Conversation, Login, Piece, Run, Scene, Tell, Verdict
from freehold.prove.scene import neighbours
from freehold.prove.why import told
from freehold.sqltext import ident, keyword, sql

_CODE = "terminate_backend"


def _split(scene: Scene) -> Iterator[Piece]:
    for attacker, victim in neighbours(scene, same_database=False):
        yield Piece(attacker, attacker.instance, attacker.database, victim)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login, victim = piece.actor, piece.part
    assert login is not None
    assert isinstance(victim, Login)
    who = keyword("SELECT pg_catalog.pg_backend_pid()")
    first = (yield Run(victim.instance, victim.database, victim.role, (who,), session="victim", keep=True))[0]
    shown = f"sessions of role {ident(victim.role)}"
    if not first.ok or not first.rows or first.rows[0][0] is None:
        tell(unknown(_CODE, login, victim.service, shown, first))
        return
    pid = int(first.rows[0][0])
    statements = (
        sql("SELECT pg_catalog.pg_cancel_backend({})", pid),
        sql("SELECT pg_catalog.pg_terminate_backend({})", pid),
    )
    answers = yield Run(piece.instance, piece.database, login.role, statements)
    for statement, answer in zip(statements, answers, strict=True):
        match verdict(answer):
            case Verdict.HELD:
                tell(held(login, victim.service))
            case Verdict.BROKEN:
                server = scene.found.servers[piece.instance]
                detail, remedy, group = told(by_role(server, login.role, "pg_signal_backend", victim.role))
                tell(
                    broken(
                        _CODE,
                        login,
                        victim.service,
                        shown,
                        f'role "{login.role}" can end sessions of role "{victim.role}"',
                        detail,
                        evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
                        remedy=remedy,
                        group=group,
                    )
                )
            case _:
                tell(unknown(_CODE, login, victim.service, shown, answer))


terminate_backend = Attack("I20", "end the sessions of another service", _split, _play)
