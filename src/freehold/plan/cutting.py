"""What a time series and its rollups are on a server, by whichever engine keeps them, and the SQL that leads there."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.found.model import Found, Object
from freehold.found.timescale import Hypertable
from freehold.plan import aggregates, hypertables, rollups
from freehold.plan.engines import Home, extension_schema, kept
from freehold.plan.grants import acts_as, has_pending
from freehold.plan.look import look
from freehold.plan.model import Design
from freehold.plan.partitioning import partition_table
from freehold.plan.wanted import wanted
from freehold.spec.names import show_table
from freehold.spec.series import Rollup, TimeSeries
from freehold.sqltext import Sql, ident, keyword, literal, sql


def declared_series(design: Design, found: Found) -> Iterator[tuple[Home, TimeSeries]]:
    """Every time series whose table is there or may come from a migration, with where it is."""
    for want in wanted(design).databases.values():
        for placement in want.placements:
            for series in design.platform.service(placement.service).timeseries:
                home = Home.of(want, placement)
                there = table_of(found, home, series) is not None
                if there or has_pending(design, found, want, placement.service):
                    yield home, series


def table_of(found: Found, home: Home, series: TimeSeries) -> Object | None:
    """The table of a series, when it is there."""
    return look(found).table(home.instance, home.database, series.table.schema, series.table.table)


def partitioned(found: Found, instance: str, database: str, series: TimeSeries) -> bool:
    """Whether PostgreSQL partitions the table as declared, with its default partition."""
    seen = look(found)
    table = seen.table(instance, database, series.table.schema, series.table.table)
    if table is None or table.partition_key != ("RANGE", series.column):
        return False
    return not series.default_partition or any(
        item.default_partition and item.partition_of == (table.schema, table.name)
        for item in seen.objects(instance, database).get(table.schema, ())
    )


def as_hypertable(found: Found, home: Home, series: TimeSeries) -> tuple[Hypertable | None, Hypertable]:
    """The hypertable as it is, and as it shall be with the edition that is installed."""
    timescale = look(found).contents(home.instance, home.database).timescale
    want = hypertables.wanted(series, packs=timescale is None or not timescale.apache)
    return (timescale.hypertable(series.table.schema, series.table.table) if timescale else None), want


def is_cut(found: Found, home: Home, series: TimeSeries) -> bool:
    """Whether the table is cut as declared, by the engine that keeps it."""
    if kept(found, home, series).native:
        return partitioned(found, home.instance, home.database, series)
    have, want = as_hypertable(found, home, series)
    return (
        have is not None
        and (have.column, have.chunk_seconds) == (want.column, want.chunk_seconds)
        and (not want.space or have.space == want.space)
        and (have.compressed or not want.compressed)
    )


def cut(found: Found, home: Home, series: TimeSeries) -> tuple[Sql, ...]:
    """What makes the table what ``is_cut`` asks for."""
    if kept(found, home, series).native:
        return _as(acts_as(found, home.instance, home.owner), partition_table(series))
    have, want = as_hypertable(found, home, series)
    functions = extension_schema(found, home)
    if have is None:
        return _as(home.owner, hypertables.make(series, functions, packs=want.compressed))
    if have.column != want.column:
        return (_refused(series, have),)
    return _as(home.owner, *hypertables.change(series, have, want, functions))


def is_rolled(found: Found, home: Home, series: TimeSeries, rollup: Rollup) -> bool:
    """Whether the rollup is there: a continuous aggregate, or a table where PostgreSQL keeps the series."""
    seen = look(found)
    table = seen.table(home.instance, home.database, rollup.table.schema, rollup.table.table)
    if table is None or table.columns != rollups.columns(rollup):
        return False
    timescale = seen.contents(home.instance, home.database).timescale
    made = timescale.aggregate(table.schema, table.name) if timescale else None
    if kept(found, home, series).native:
        return made is None
    return made is not None and (made.base_schema, made.base_name) == (series.table.schema, series.table.table)


def roll(found: Found, home: Home, series: TimeSeries, rollup: Rollup) -> tuple[Sql, ...]:
    """What makes the rollup, empty; `freehold maintain` fills it."""
    if kept(found, home, series).native:
        return _as(home.owner, rollups.make(series, rollup))
    return _as(home.owner, aggregates.make(series, rollup, extension_schema(found, home)))


def unroll(found: Found, home: Home, rollup: Rollup) -> tuple[Sql, ...]:
    """What removes a rollup, whatever it was made as."""
    timescale = look(found).contents(home.instance, home.database).timescale
    if timescale is not None and timescale.aggregate(rollup.table.schema, rollup.table.table) is not None:
        return (aggregates.drop(rollup),)
    return (sql("DROP TABLE IF EXISTS {}", ident(rollup.table.schema, rollup.table.table)),)


def _as(owner: str, *statements: Sql) -> tuple[Sql, ...]:
    if not owner or not statements:
        return statements
    return (sql("SET ROLE {}", ident(owner)), *statements, keyword("RESET ROLE"))


def _refused(series: TimeSeries, have: Hypertable) -> Sql:
    body = sql(
        "BEGIN RAISE EXCEPTION '%', {} USING ERRCODE = 'feature_not_supported', HINT = 'Declare the column it is cut"
        " by, or make the table anew in a migration.'; END",
        literal(f'hypertable {show_table(series.table)} is cut by "{have.column}", and not by "{series.column}"'),
    )
    return sql("DO {}", literal(body.shown()))
