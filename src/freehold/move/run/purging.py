"""What completed moves put away in a database: where it waits, how large it is, and how old by the server's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.move.machine import Phase
from freehold.move.model import SOURCE, TARGET, Move
from freehold.move.run.healing import rows
from freehold.move.run.retiring import retired
from freehold.ports import Session
from freehold.sqltext import Sql, join, keyword, literal, sql


@dataclass(frozen=True, slots=True)
class PutAway:
    """The old tables of a completed move. ``completed_at`` is UTC, ISO 8601; ``age_ms`` is how long ago that was."""

    move: Move
    schemas: tuple[str, ...]
    tables: int
    bytes: int
    completed_at: str
    age_ms: int


def came_from(session: Session, platform: str) -> tuple[Move, ...]:
    """The completed moves of a platform that brought a service into the database of a session."""
    return tuple(
        one.move
        for one in rows(session)
        if (one.side, one.phase, one.move.platform) == (TARGET, Phase.COMPLETED, platform)
    )


def put_away(session: Session, platform: str) -> tuple[PutAway, ...]:
    """What moves of a platform left in the database of a session, and is still there."""
    moves = [one.move for one in rows(session) if one.side == SOURCE and one.phase is Phase.COMPLETED]
    found: list[PutAway] = []
    for move in moves:
        names = tuple(str(row[0]) for row in session.query(_there(retired(move))))
        if move.platform != platform or not names:
            continue
        at, age = session.query(sql("{} WHERE id = {}", _COMPLETED, literal(move.id)))[0]
        tables, size = session.query(_size(names))[0]
        found.append(PutAway(move, names, int(str(tables)), int(str(size)), str(at), int(str(age))))
    return tuple(found)


_COMPLETED = keyword(
    "SELECT pg_catalog.to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - changed_at) * 1000)::bigint FROM freehold.move"
)
"""A move that is completed is not written again: its last change is its completion."""


def _there(names: Sequence[str]) -> Sql:
    return sql("SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY ({}) ORDER BY 1", _array(names))


def _size(names: Sequence[str]) -> Sql:
    return sql(
        "SELECT pg_catalog.count(*) FILTER (WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition),"
        " coalesce(pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::bigint"
        " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY ({}) AND c.relkind IN ('r', 'p', 'm')",
        _array(names),
    )


def _array(names: Sequence[str]) -> Sql:
    return sql("ARRAY[{}]::name[]", join(", ", [literal(name) for name in names]))
