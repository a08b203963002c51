"""Read the source of another service's functions, views, comments and constraints.

Tried: as each service's app login, pg_proc and pg_description are searched for the canaries' secrets, which stand in
the source of a function and in a comment.

Why: limits, fraud rules and partner names stand in functions and CHECK constraints.

Holds it off: nothing inside one database; ``database-per-service`` and ``instance-per-service`` prevent it.
"""

from __future__ import annotations

from freehold.prove.asking import Answer, Run
from freehold.prove.judge import evidence, held, limit, unknown
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.pieces import in_same_database, together
from freehold.sqltext import literal, sql

_CODE = "source_text_in_database"
_PREVENTED_BY = ("database-per-service", "instance-per-service")


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    pattern = literal("freehold\\_canary\\_%")
    look = sql(
        "SELECT prosrc FROM pg_catalog.pg_proc WHERE proname LIKE {} UNION ALL SELECT d.description FROM"
        " pg_catalog.pg_description d JOIN pg_catalog.pg_class c ON c.oid = d.objoid WHERE c.relname LIKE {}",
        pattern,
        pattern,
    )
    answer = (yield Run(piece.instance, piece.database, login.role, (look,)))[0]
    if not answer.ok:
        tell(unknown(_CODE, login, "", "pg_proc", answer))
        return
    text = "\n".join(row[0] or "" for row in answer.rows)
    for canary in in_same_database(scene, login):
        if canary.token not in text:
            tell(held(login, canary.service))
            continue
        tell(
            limit(
                _CODE,
                login,
                canary.service,
                f'database "{piece.database}"',
                "source of functions, views and comments of other services is readable inside one database",
                "The canary's secret was seen in the source of its function.",
                _PREVENTED_BY,
                evidence=(evidence(login, piece.instance, piece.database, look, Answer(rows=(("<the canary>",),))),),
                remedy="Keep business secrets out of DDL, or move the service to a database of its own.",
                group=_CODE,
            )
        )


source_text_in_database = Attack("I8", "read another service's source text", together, _play, _PREVENTED_BY)
