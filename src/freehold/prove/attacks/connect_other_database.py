"""Connect to every database of the instance that is not one's own.

Tried: each login, with its own password, at the door of every database that accepts connections, ``postgres`` and
``template1`` among them.

Why: PostgreSQL lets PUBLIC connect to every new database; once inside, catalogs, statistics and every PUBLIC grant
of that database are open.

Holds it off: REVOKE CONNECT ON DATABASE .. FROM PUBLIC on every database, GRANT CONNECT to those who work there, and
on servers that Freehold owns one pg_hba.conf line for each database and role. All layouts hold this.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.asking import Answer
from freehold.prove.judge import broken, evidence, held, refused, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell
from freehold.prove.pieces import databases
from freehold.prove.scene import may_enter
from freehold.prove.why import of_acl, told
from freehold.sqltext import ident, keyword, sql


def _split(scene: Scene) -> Iterator[Piece]:
    return (Piece(None, instance, database) for instance, _, database in databases(scene))


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    here = scene.placements.within(piece.instance, piece.database)
    targets = [p.service for p in here] or [""]
    for login in scene.logins:
        if login.instance != piece.instance or may_enter(scene, login, piece.instance, piece.database):
            continue
        answer = scene.doors.get((piece.instance, piece.database, login.role))
        if answer is None:
            continue
        for target in targets:
            _judge(scene, piece, login, target, answer, tell)
    return
    yield  # the doors were tried before the first attack; a conversation that asks nothing


def _judge(scene: Scene, piece: Piece, login: Login, target: str, answer: Answer, tell: Tell) -> None:
    name = f"database {ident(piece.database)}"
    if refused(answer):
        tell(held(login, target))
    elif not answer.ok:
        tell(unknown("connect_other_database", login, target, name, answer))
    else:
        server = scene.found.servers[piece.instance]
        database = server.databases[piece.database]
        grounds = of_acl(
            server,
            login.role,
            database.owner,
            database.acl,
            ("CONNECT",),
            sql("DATABASE {}", ident(piece.database)),
            f"{piece.instance}/{piece.database}",
        )
        detail, remedy, group = told(grounds)
        tell(
            broken(
                "connect_other_database",
                login,
                target,
                name,
                f'role "{login.role}" can connect to {name}',
                detail,
                evidence=(evidence(login, piece.instance, piece.database, keyword("CONNECT"), answer),),
                remedy=remedy,
                group=f"{name}{group}",
            )
        )


connect_other_database = Attack("I1", "connect to another database", _split, _play)
