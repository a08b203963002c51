"""Replica identities while a service moves: tables whose updates could not be told send whole old rows meanwhile.

What a table had before is kept in its own database before it is changed, and given back when the move ends.
"""

from __future__ import annotations

from collections.abc import Iterable

from freehold.move.fence import keep, name_of
from freehold.move.model import Move, Table
from freehold.sqltext import Sql, keyword, literal, sql

REPLICA_IDENTITY = "replica identity"
"""The kind under which it is kept."""


def whole(move: Move, tables: Iterable[Table]) -> tuple[Sql, ...]:
    """Tables without a key send whole old rows; must be so before they are published, or their updates fail.
    Takes ACCESS EXCLUSIVE on each, for a moment. One statement, one transaction; may run again after any."""
    return tuple(
        part
        for table in tables
        if needs_whole(table)
        for part in (
            keep(
                move,
                REPLICA_IDENTITY,
                name_of(table.name).shown(),
                _identity(table, keyword("NOTHING") if table.replica_identity == "n" else keyword("DEFAULT")),
            ),
            _identity(table, keyword("FULL")),
        )
    )


def needs_whole(table: Table) -> bool:
    """Whether updates of the table could not be told without all of the old row."""
    return table.replica_identity == "n" or (table.replica_identity == "d" and not table.key)


def originals(move: Move) -> Sql:
    """Name and former identity, as pg_class has it, of each table whose identity the move has changed here."""
    return sql(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),"
        " CASE WHEN k.sql LIKE '% NOTHING' THEN 'n' ELSE 'd' END"
        " FROM freehold.move_kept AS k JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(k.name)"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE k.move = {} AND k.kind = {} ORDER BY 1",
        literal(move.id),
        literal(REPLICA_IDENTITY),
    )


def _identity(table: Table, what: Sql) -> Sql:
    return sql("ALTER TABLE ONLY {} REPLICA IDENTITY {}", name_of(table.name), what)
