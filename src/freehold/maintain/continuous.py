"""Whether a continuous aggregate lacks something, from TimescaleDB's catalog, and the SQL that refreshes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from freehold.maintain.catalog import moment, table, utc
from freehold.spans import EARLIEST, LATEST, iso
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, ident, keyword, literal, sql

EPOCH = datetime(1970, 1, 1)
LEAST = -210_866_803_200_000_000
MOST = 2**63 - 1
"""Microseconds since 1970, as TimescaleDB's catalog counts: the first moment of PostgreSQL's calendar, and no end."""


def progress_of(rollup: TableName, kept_from: int) -> Sql:
    """One row for ``lacks``: (end of what was computed, older changes noted, parts not computed, nothing computed)."""
    return sql(
        "SELECT t.watermark,"
        # a dropped chunk is noted up to its very end, which is the first moment of what is kept
        " EXISTS (SELECT FROM _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log AS l"
        "  WHERE l.hypertable_id = a.raw_hypertable_id AND (l.greatest_modified_value > {}"
        "  OR l.lowest_modified_value = {})),"
        " EXISTS (SELECT FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log AS l"
        "  WHERE l.materialization_id = a.mat_hypertable_id AND l.greatest_modified_value >= {}"
        "  AND l.lowest_modified_value < t.watermark AND t.watermark > {}),"
        " EXISTS (SELECT FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log AS l"
        "  WHERE l.materialization_id = a.mat_hypertable_id AND l.lowest_modified_value = {}"
        "  AND l.greatest_modified_value = {})"
        " FROM _timescaledb_catalog.continuous_agg AS a"
        " LEFT JOIN _timescaledb_catalog.continuous_aggs_invalidation_threshold AS t"
        " ON t.hypertable_id = a.raw_hypertable_id WHERE a.user_view_schema = {} AND a.user_view_name = {}",
        kept_from,
        kept_from,
        kept_from,
        kept_from,
        keyword("-9223372036854775808"),
        keyword("9223372036854775807"),
        literal(rollup.schema),
        literal(rollup.table),
    )


def lacks(row: Sequence[object], newest: int | None, kept_from: int) -> bool:
    """Whether a rollup lacks something of a series whose newest row is at ``newest``, from ``kept_from`` on."""
    watermark, noted, open_, _ = row
    if newest is not None and newest >= kept_from and (watermark is None or newest >= int(str(watermark))):
        return True
    return noted is True or open_ is True


def extent(relation: TableName, column: str, column_type: str) -> Sql:
    """(first, last) moment of the rows, infinite ones aside, in microseconds since 1970, or NULLs."""
    return sql(
        "SELECT (EXTRACT(epoch FROM {}) * 1000000)::bigint, (EXTRACT(epoch FROM {}) * 1000000)::bigint FROM ("
        "SELECT pg_catalog.min({}) AS low, pg_catalog.max({}) AS high FROM {}"
        " WHERE {} > '-infinity' AND {} < 'infinity') AS x",
        utc("low", column_type),
        utc("high", column_type),
        ident(column),
        ident(column),
        table(relation),
        ident(column),
        ident(column),
    )


def microseconds(value: datetime) -> int:
    """A moment as the catalog counts it."""
    if value in (EARLIEST, LATEST):
        return LEAST if value == EARLIEST else MOST
    gap = value - EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


def refresh(functions: str, rollup: TableName, column_type: str, start: datetime | None, end: datetime | None) -> Sql:
    """Computes what is out of date within a stretch; None is without end. Not inside a transaction."""
    low, high = (keyword("NULL") if edge is None else moment(edge, column_type) for edge in (start, end))
    return sql(
        "CALL {}.refresh_continuous_aggregate({}, {}, {})",
        ident(functions),
        literal(table(rollup).shown()),
        low,
        high,
    )


def kept_from_of(name: TableName) -> Sql:
    """From when on the rollups follow the series; no row when nothing was dropped yet."""
    return sql(
        "SELECT kept_from::text FROM freehold.series WHERE table_schema = {} AND table_name = {}",
        literal(name.schema),
        literal(name.table),
    )


def keep_from(name: TableName, before: datetime) -> Sql:
    """What the rollups say of everything older stays, since the rows go now."""
    return sql(
        "INSERT INTO freehold.series AS s (table_schema, table_name, watermark, safe_from, kept_from)"
        " VALUES ({}, {}, '-infinity', '-infinity', {}) ON CONFLICT (table_schema, table_name) DO UPDATE"
        " SET kept_from = GREATEST(s.kept_from, excluded.kept_from)",
        literal(name.schema),
        literal(name.table),
        literal(iso(before)),
    )
