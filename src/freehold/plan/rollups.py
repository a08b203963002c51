"""The SQL of rollups on PostgreSQL alone: the table, and the query that fills it, from the same declaration."""

from __future__ import annotations

from typing import LiteralString

from freehold.spec.series import Aggregate, Rollup, TimeSeries
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

BUCKET = "bucket"
"""The column of a rollup that says where its interval begins."""


def columns(rollup: Rollup) -> tuple[str, ...]:
    """The columns of a rollup's table, in order."""
    return (BUCKET, *rollup.by, *(one.name for one in rollup.aggregates))


def bucket(series: TimeSeries, rollup: Rollup, column_type: str) -> Sql:
    """The beginning of the interval that a row of the series belongs to, by the calendar of ``spans``."""
    zoned = column_type == "timestamp with time zone"
    moment = sql("({} AT TIME ZONE 'UTC')" if zoned else "{}::pg_catalog.timestamp", ident(series.column))
    if rollup.every.months:
        months = sql(
            "((pg_catalog.date_part('year', {})::integer - 2000) * 12"
            " + pg_catalog.date_part('month', {})::integer - 1)",
            moment,
            moment,
        )
        every = rollup.every.months
        begins = sql(
            "(timestamp '2000-01-01' + pg_catalog.make_interval(months => {} - (({} % {}) + {}) % {}))",
            months,
            months,
            every,
            every,
            every,
        )
    else:
        begins = sql(
            "pg_catalog.date_bin(pg_catalog.make_interval(secs => {}), {}, timestamp '2000-01-03')",
            rollup.every.seconds,
            moment,
        )
    return sql("({} AT TIME ZONE 'UTC')", begins) if zoned else begins


def query(series: TimeSeries, rollup: Rollup, column_type: str, where: Sql) -> Sql:
    """The rows of the rollup that the rows of the series that fulfil ``where`` make."""
    group = [keyword("1"), *(ident(column) for column in rollup.by)]
    return sql(
        "SELECT {} FROM {} WHERE {} GROUP BY {}",
        join(
            ", ",
            [
                sql("{} AS {}", bucket(series, rollup, column_type), ident(BUCKET)),
                *(ident(column) for column in rollup.by),
                *(sql("{} AS {}", _aggregate(series, one), ident(one.name)) for one in rollup.aggregates),
            ],
        ),
        ident(series.table.schema, series.table.table),
        where,
        join(", ", group),
    )


def _aggregate(series: TimeSeries, one: Aggregate) -> Sql:
    if not one.column:
        return keyword("pg_catalog.count(*)")
    column, time = ident(one.column), ident(series.column)
    if one.function == "first":
        return sql("(pg_catalog.array_agg({} ORDER BY {}))[1]", column, time)
    if one.function == "last":
        return sql("(pg_catalog.array_agg({} ORDER BY {} DESC))[1]", column, time)
    return sql("pg_catalog.{}({})", _PLAIN[one.function], column)


_PLAIN = {
    "avg": keyword("avg"),
    "count": keyword("count"),
    "max": keyword("max"),
    "min": keyword("min"),
    "sum": keyword("sum"),
}


_MAKE: LiteralString = """
DECLARE
    type pg_catalog.text;
BEGIN
    IF pg_catalog.to_regclass({}) IS NULL THEN
        RETURN;
    END IF;
    IF pg_catalog.to_regclass({}) IS NOT NULL THEN
        RAISE EXCEPTION 'table % is there and has not the columns of the rollup', {}
            USING ERRCODE = 'duplicate_table', HINT = 'Rename it in a new migration to keep what it holds; the'
                ' rollup is made anew, from the rows that are still there.';
    END IF;
    SELECT pg_catalog.format_type(a.atttypid, NULL) INTO type FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = pg_catalog.to_regclass({}) AND a.attname = {} AND NOT a.attisdropped;
    IF type = 'timestamp with time zone' THEN
        EXECUTE {};
    ELSE
        EXECUTE {};
    END IF;
    EXECUTE {};
    EXECUTE {};
END
"""


def make(series: TimeSeries, rollup: Rollup) -> Sql:
    """One statement that makes the table of a rollup, empty; does nothing where there is no series yet.

    The types of its columns are those that PostgreSQL gives to the query.
    """
    base = literal(ident(series.table.schema, series.table.table).shown())
    table = ident(rollup.table.schema, rollup.table.table)

    def create(column_type: str) -> Sql:
        return sql("CREATE TABLE {} AS {} WITH NO DATA", table, query(series, rollup, column_type, keyword("true")))

    unique = sql(
        "ALTER TABLE {} ADD UNIQUE NULLS NOT DISTINCT ({})",
        table,
        join(", ", (ident(column) for column in (BUCKET, *rollup.by))),
    )
    comment = sql(
        "COMMENT ON TABLE {} IS {}",
        table,
        literal(f"Rollup of {series.table.schema}.{series.table.table} by {rollup.every}; filled by freehold maintain"),
    )
    body = sql(
        _MAKE,
        base,
        literal(table.shown()),
        literal(table.shown()),
        base,
        literal(series.column),
        *(literal(one.shown()) for one in (create("timestamp with time zone"), create(""), unique, comment)),
    )
    return sql("DO {}", literal(body.shown()))
