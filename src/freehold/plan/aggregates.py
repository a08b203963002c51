"""The SQL of rollups with TimescaleDB: continuous aggregates with the names and columns of the native tables."""

from __future__ import annotations

from typing import LiteralString

from freehold.plan.rollups import BUCKET
from freehold.spec.series import Aggregate, Rollup, TimeSeries
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

_MAKE: LiteralString = """
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF pg_catalog.to_regclass({}) IS NULL THEN
        RETURN;
    END IF;
    IF pg_catalog.to_regclass({}) IS NOT NULL THEN
        RAISE EXCEPTION '% is there and is not the rollup', {}
            USING ERRCODE = 'duplicate_table', HINT = 'Rename it in a new migration to keep what it holds; the'
                ' rollup is made anew, from the rows that are still there.';
    END IF;
    EXECUTE {};
    EXECUTE {};
END
"""


def query(series: TimeSeries, rollup: Rollup, functions: str) -> Sql:
    """The query of the continuous aggregate; ``functions`` is the schema of TimescaleDB's functions.

    ``time_bucket`` counts from the same Monday and the same January as ``spans``.
    """
    width = f"{rollup.every.months} months" if rollup.every.months else f"{rollup.every.seconds} seconds"
    return sql(
        "SELECT {} FROM {} GROUP BY {}",
        join(
            ", ",
            [
                sql(
                    "{}.time_bucket(interval {}, {}) AS {}",
                    ident(functions),
                    literal(width),
                    ident(series.column),
                    ident(BUCKET),
                ),
                *(ident(column) for column in rollup.by),
                *(sql("{} AS {}", _aggregate(series, one, functions), ident(one.name)) for one in rollup.aggregates),
            ],
        ),
        ident(series.table.schema, series.table.table),
        join(", ", [keyword("1"), *(ident(column) for column in rollup.by)]),
    )


def _aggregate(series: TimeSeries, one: Aggregate, functions: str) -> Sql:
    if not one.column:
        return keyword("pg_catalog.count(*)")
    column = ident(one.column)
    if one.function in ("first", "last"):
        return sql("{}({}, {})", ident(functions, one.function), column, ident(series.column))
    return sql("{}({})", ident("pg_catalog", one.function), column)


def make(series: TimeSeries, rollup: Rollup, functions: str) -> Sql:
    """One statement that makes the continuous aggregate, empty; does nothing where there is no series yet."""
    view = ident(rollup.table.schema, rollup.table.table)
    create = sql(
        "CREATE MATERIALIZED VIEW {} WITH (timescaledb.continuous, timescaledb.materialized_only = true) AS {}"
        " WITH NO DATA",
        view,
        query(series, rollup, functions),
    )
    told = f"Rollup of {series.table.schema}.{series.table.table} by {rollup.every}; filled by freehold maintain"
    body = sql(
        _MAKE,
        literal(ident(series.table.schema, series.table.table).shown()),
        literal(view.shown()),
        literal(view.shown()),
        literal(create.shown()),
        literal(sql("COMMENT ON VIEW {} IS {}", view, literal(told)).shown()),
    )
    return sql("DO {}", literal(body.shown()))


def drop(rollup: Rollup) -> Sql:
    """Removes the continuous aggregate."""
    return sql("DROP MATERIALIZED VIEW IF EXISTS {}", ident(rollup.table.schema, rollup.table.table))
