"""Count another service's rows without reading them: pg_class, pg_stat_all_tables, pg_relation_size.

Tried: as each service's app login, the size and row estimates of every other service's canary in the same database.

Why: how many accounts and payments a neighbour has is business data.

Holds it off: nothing inside one database; ``database-per-service`` and ``instance-per-service`` prevent it.
"""

from __future__ import annotations

from freehold.prove.asking import Run
from freehold.prove.judge import evidence, held, limit, unknown
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.pieces import in_same_database, together
from freehold.sqltext import literal, sql

_CODE = "statistics_in_database"
_PREVENTED_BY = ("database-per-service", "instance-per-service")


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    victims = in_same_database(scene, login)
    look = sql(
        "SELECT n.nspname, c.reltuples, pg_catalog.pg_relation_size(c.oid) FROM pg_catalog.pg_class c JOIN"
        " pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relname LIKE {}",
        literal("freehold\\_canary\\_%"),
    )
    answer = (yield Run(piece.instance, piece.database, login.role, (look,)))[0]
    if not answer.ok:
        tell(unknown(_CODE, login, "", "pg_class", answer))
        return
    seen = {row[0] for row in answer.rows}
    for canary in victims:
        if canary.schema not in seen:
            tell(held(login, canary.service))
            continue
        tell(
            limit(
                _CODE,
                login,
                canary.service,
                f'database "{piece.database}"',
                "sizes and row counts of other services' tables are visible inside one database",
                "pg_class and pg_stat_all_tables are readable by everybody who may connect.",
                _PREVENTED_BY,
                evidence=(evidence(login, piece.instance, piece.database, look, answer),),
                group=_CODE,
            )
        )


statistics_in_database = Attack("I7", "count another service's rows in the statistics", together, _play, _PREVENTED_BY)
