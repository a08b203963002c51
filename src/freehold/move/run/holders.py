"""Names who holds what a switch must lock, or keeps a slot from being made."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from freehold.errors import ServerError
from freehold.move.fence import name_of
from freehold.move.model import Inventory
from freehold.ports import Session
from freehold.spec.model import TableName
from freehold.sqltext import Sql, join, literal, sql

MANY = 5
"""How many are named."""


def told(session: Session, inventory: Inventory) -> str:
    """Who holds what closes the service's home: its tables against a guard, the tables of keys that cross its edge
    against being dropped. Each with what it holds, behind a colon; empty when nobody does any more."""
    with suppress(ServerError):
        rows = session.query(_holders(inventory)) if inventory.tables else []
        if rows:
            return ": " + "; ".join(
                f'process {pid} (user "{user}", application "{application}", for {age}) holds {table}: {query}'
                for pid, user, application, age, table, query in rows
            )
    return ""


def _holders(inventory: Inventory) -> Sql:
    return sql(
        "SELECT coalesce(l.pid::text, 'of a prepared transaction'), coalesce(a.usename, ''),"
        " coalesce(a.application_name, ''),"
        " coalesce(pg_catalog.date_trunc('milliseconds', pg_catalog.clock_timestamp() - a.xact_start)::text, '?'),"
        " pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname), ', '),"
        " coalesce(pg_catalog.left(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 60), '')"
        " FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_class AS c ON c.oid = l.relation"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
        " WHERE l.granted AND l.locktype = 'relation' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
        " AND (c.oid = ANY (ARRAY[{}]::regclass[]) OR"
        " (l.mode NOT IN ('AccessShareLock', 'RowShareLock') AND c.oid = ANY (ARRAY[{}]::regclass[])))"
        " GROUP BY l.pid, a.usename, a.application_name, a.xact_start, a.query ORDER BY a.xact_start, l.pid LIMIT {}",
        _names(end for key in inventory.crossing_keys for end in (key.table, key.to)),
        _names(table.name for table in inventory.tables),
        MANY,
    )


def _names(tables: Iterable[TableName]) -> Sql:
    return join(", ", [literal(name_of(name).shown()) for name in tables])
