"""Questions about one table to PostgreSQL's catalog, and its answers as values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from freehold.maintain.model import Kind, Leaving, Partition
from freehold.spans import EARLIEST, LATEST, Span, iso, parse_moment
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, ident, keyword, literal, sql

CUT_BY = ("timestamp with time zone", "timestamp without time zone", "date")
SETTINGS = keyword("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'")
"""What every session needs, so that bounds and moments are read and written in one way."""

NOW = keyword("SELECT (pg_catalog.now() AT TIME ZONE 'UTC')::pg_catalog.text")


def table(name: TableName) -> Sql:
    return ident(name.schema, name.table)


def regclass(name: TableName) -> Sql:
    """The table as regclass, NULL when there is none; to_regclass would ask for a right on the schema."""
    return sql(
        "(SELECT r.oid::pg_catalog.regclass FROM pg_catalog.pg_class AS r JOIN pg_catalog.pg_namespace AS s"
        " ON s.oid = r.relnamespace WHERE s.nspname = {} AND r.relname = {})",
        literal(name.schema),
        literal(name.table),
    )


def kind_of(name: TableName, column: str) -> Sql:
    """(relkind, type of the column, columns of the partition key, strategy) of a table; no row when there is none."""
    return sql(
        "SELECT c.relkind::text, (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a"
        "  WHERE a.attrelid = c.oid AND a.attname = {} AND NOT a.attisdropped AND a.attnum > 0),"
        " (SELECT pg_catalog.array_agg(a.attname::text) FROM pg_catalog.pg_partitioned_table AS p,"
        "  pg_catalog.unnest(p.partattrs::smallint[]) AS k LEFT JOIN pg_catalog.pg_attribute AS a"
        "  ON a.attrelid = {} AND a.attnum = k WHERE p.partrelid = {}),"
        " (SELECT p.partstrat::text FROM pg_catalog.pg_partitioned_table AS p WHERE p.partrelid = c.oid)"
        " FROM pg_catalog.pg_class AS c WHERE c.oid = {}",
        literal(column),
        regclass(name),
        regclass(name),
        regclass(name),
    )


def kind(rows: Sequence[Sequence[object]], column: str) -> tuple[Kind, str]:
    """What ``kind_of`` answered: the kind of the table, and the type of its column."""
    if not rows:
        return Kind.ABSENT, ""
    relkind, column_type, key, strategy = rows[0]
    column_type = str(column_type or "")
    if relkind == "r":
        return Kind.PLAIN, column_type
    by = list(key) if isinstance(key, list) else []
    return Kind.CUT if relkind == "p" and strategy == "r" and by == [column] else Kind.OTHER, column_type


def partitions_of(name: TableName) -> Sql:
    """(schema, name, bound, detach pending) of every partition."""
    return sql(
        "SELECT n.nspname, c.relname, pg_catalog.pg_get_expr(c.relpartbound, c.oid), i.inhdetachpending"
        " FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE i.inhparent = {} ORDER BY 1, 2",
        regclass(name),
    )


_BOUND = re.compile(r"FOR VALUES FROM \((.*)\) TO \((.*)\)")


def partitions(rows: Iterable[Sequence[object]]) -> tuple[tuple[Partition, ...], TableName | None]:
    """What ``partitions_of`` answered: partitions by their lower bound, and the default partition."""
    found: list[Partition] = []
    default: TableName | None = None
    for schema, name, bound, pending in rows:
        here = TableName(str(schema), str(name))
        match = _BOUND.fullmatch(str(bound or ""))
        if match is None and not pending:
            default = here
            continue
        # of a partition that is being detached the bound may be gone already
        lower, upper = (_moment(match[1]), _moment(match[2])) if match else (None, None)
        found.append(Partition(here, lower, upper, pending is True, str(bound or "")))
    return tuple(sorted(found, key=lambda one: (one.lower or EARLIEST, one.table))), default


def _moment(text: str) -> datetime | None:
    if text in ("MINVALUE", "MAXVALUE"):
        return None
    inner = text.strip("'")
    try:
        return parse_moment(inner)
    except ValueError:
        return EARLIEST if "BC" in inner or inner.startswith("-") else LATEST


def loose(default: TableName, column: str, column_type: str, chunk: Span) -> Sql:
    """(piece, rows) of the default partition; the piece is NULL for rows that belong to none."""
    moment = utc(column, column_type)
    if chunk.months:
        piece = sql("pg_catalog.date_trunc('month', {})", moment)
    else:
        piece = sql(
            "pg_catalog.date_bin(pg_catalog.make_interval(secs => {}), {}, timestamp '2000-01-03')",
            chunk.seconds,
            moment,
        )
    return sql(
        "SELECT (CASE WHEN {} >= timestamp '0001-01-02' AND {} < timestamp '9999-01-01' THEN {} END)"
        "::pg_catalog.text AS piece, pg_catalog.count(*) FROM ONLY {} GROUP BY 1 ORDER BY 1",
        moment,
        moment,
        piece,
        table(default),
    )


def utc(column: str, column_type: str) -> Sql:
    """The column as a timestamp in UTC."""
    if column_type == "timestamp with time zone":
        return sql("({} AT TIME ZONE 'UTC')", ident(column))
    return sql("{}::pg_catalog.timestamp", ident(column))


def moment(value: datetime, column_type: str) -> Sql:
    """A moment as a literal of the column's type."""
    if column_type == "timestamp with time zone":
        return sql("timestamptz {}", literal(iso(value) + "+00"))
    if column_type == "date":
        return sql("date {}", literal(iso(value)[:10]))
    return sql("timestamp {}", literal(iso(value)))


def bound(value: datetime, column_type: str) -> Sql:
    """A moment as the bound of a partition."""
    zone = "+00" if column_type == "timestamp with time zone" else ""
    return literal(iso(value)[:10] if column_type == "date" else iso(value) + zone)


def leaving_of(name: TableName) -> Sql:
    """(schema, name, exists, attached, bound) of what an interrupted run noted that it would remove."""
    return sql(
        "SELECT l.partition_schema, l.partition_name, c.oid IS NOT NULL, COALESCE(c.relispartition, false), l.bound"
        " FROM freehold.leaving AS l LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = l.partition_schema"
        " LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = l.partition_name"
        " WHERE l.table_schema = {} AND l.table_name = {} ORDER BY 1, 2",
        literal(name.schema),
        literal(name.table),
    )


def leaving(rows: Iterable[Sequence[object]]) -> tuple[Leaving, ...]:
    return tuple(
        Leaving(TableName(str(schema), str(name)), there is True, attached is True, str(bound))
        for schema, name, there, attached, bound in rows
    )
