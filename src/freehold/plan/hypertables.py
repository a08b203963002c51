"""The SQL that makes an ordinary table a hypertable of TimescaleDB, or changes one to what is declared."""

from __future__ import annotations

from typing import LiteralString

from freehold.found.timescale import Hypertable
from freehold.plan.partition_refusals import COLUMNS
from freehold.spec.series import TimeSeries
from freehold.sqltext import Sql, ident, keyword, literal, quote_ident, sql

_DECLARE: LiteralString = """
DECLARE
    my_schema constant pg_catalog.text := {};
    my_table constant pg_catalog.text := {};
    my_time constant pg_catalog.text := {};
    my_space constant pg_catalog.text := {};
    my_parts constant pg_catalog.int4 := {};
    my_months constant pg_catalog.int4 := {};
    my_seconds constant pg_catalog.int8 := {};
    my_chunk constant pg_catalog.text := {};
    my_functions constant pg_catalog.text := {};
    my_packing constant pg_catalog.text := {};
"""

_MAKE: LiteralString = """
    named constant pg_catalog.text := pg_catalog.format('%I.%I', my_schema, my_table);
    old pg_catalog.pg_class;
    type pg_catalog.text;
    zone pg_catalog.text := '';
    item record;
    text pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    SELECT c.* INTO old FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = my_schema AND c.relname = my_table;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF NOT has_schema_privilege(my_functions, 'USAGE') THEN
        RAISE EXCEPTION 'role % may not use schema %, where the functions of TimescaleDB are',
            quote_ident(current_user), quote_ident(my_functions)
            USING ERRCODE = 'insufficient_privilege', HINT = format('GRANT USAGE ON SCHEMA %I TO %I;', my_functions,
                current_user);
    END IF;
    IF EXISTS (SELECT FROM timescaledb_information.hypertables AS h
            WHERE h.hypertable_schema = my_schema AND h.hypertable_name = my_table) THEN
        RETURN;
    END IF;
    IF old.relkind <> 'r' THEN
        RAISE EXCEPTION '% is no table', named
            USING ERRCODE = 'wrong_object_type', HINT = 'Declare a table, or remove it from timeseries:.';
    END IF;

"""

_END: LiteralString = """
    EXECUTE format('SELECT FROM %I.create_hypertable(relation => %L, time_column_name => %L, chunk_time_interval =>'
        ' interval %L, create_default_indexes => false, migrate_data => true%s)', my_functions, named, my_time,
        my_chunk, CASE WHEN my_space <> ''
        THEN format(', partitioning_column => %L, number_partitions => %s', my_space, my_parts) ELSE '' END);
    IF my_packing <> '' THEN
        EXECUTE my_packing;
    END IF;
END
"""


def chunk_seconds(series: TimeSeries) -> int:
    """The length of a chunk: TimescaleDB takes a month for 30 days."""
    return int(series.chunk.about.total_seconds())


def wanted(series: TimeSeries, *, packs: bool) -> Hypertable:
    """The hypertable as it is declared; ``packs``: the installed edition compresses."""
    return Hypertable(
        series.table.schema,
        series.table.table,
        series.column,
        chunk_seconds(series),
        ((series.space.column, series.space.partitions),) if series.space else (),
        packs and series.compress_after is not None,
    )


def make(series: TimeSeries, functions: str, *, packs: bool) -> Sql:
    """One statement, run as the owner role; does nothing where there is no table or a hypertable already.

    Takes ACCESS EXCLUSIVE on the table, and moves the rows of a table that holds some into chunks.
    """
    table, space = series.table, series.space
    head = sql(
        _DECLARE,
        literal(table.schema),
        literal(table.table),
        literal(series.column),
        literal(space.column if space else ""),
        space.partitions if space else 0,
        series.chunk.months,
        series.chunk.seconds,
        literal(f"{chunk_seconds(series)} seconds"),
        literal(functions),
        literal(pack(series).shown() if packs and series.compress_after is not None else ""),
    )
    return sql("DO {}", literal(head.shown() + keyword(_MAKE + COLUMNS + _END).shown()))


def pack(series: TimeSeries) -> Sql:
    """Lets chunks be compressed: newest rows first, apart by the column of ``space``."""
    return sql(
        "ALTER TABLE {} SET (timescaledb.compress, timescaledb.compress_orderby = {},"
        " timescaledb.compress_segmentby = {})",
        ident(series.table.schema, series.table.table),
        literal(f"{quote_ident(series.column)} DESC"),
        literal(quote_ident(series.space.column) if series.space else ""),
    )


def unpack(series: TimeSeries) -> Sql:
    """Takes ``pack`` back; refused while a chunk is compressed."""
    return sql("ALTER TABLE {} SET (timescaledb.compress = false)", ident(series.table.schema, series.table.table))


def interval(series: TimeSeries, seconds: int, functions: str) -> Sql:
    """How much time a chunk holds that is made from now on."""
    return sql(
        "SELECT {}.set_chunk_time_interval({}, interval {})",
        ident(functions),
        literal(ident(series.table.schema, series.table.table).shown()),
        literal(f"{seconds} seconds"),
    )


def spread(series: TimeSeries, functions: str) -> Sql:
    """Adds the declared dimension, for chunks that are made from now on."""
    assert series.space is not None
    return sql(
        "SELECT {}.add_dimension({}, {}, number_partitions => {})",
        ident(functions),
        literal(ident(series.table.schema, series.table.table).shown()),
        literal(series.space.column),
        series.space.partitions,
    )


def change(series: TimeSeries, have: Hypertable, want: Hypertable, functions: str) -> tuple[Sql, ...]:
    """From a hypertable as it is to the declared one."""
    found: list[Sql] = []
    if want.space and have.space != want.space:
        found.append(spread(series, functions))
    if have.chunk_seconds != want.chunk_seconds:
        found.append(interval(series, want.chunk_seconds, functions))
    if want.compressed and not have.compressed:
        found.append(pack(series))
    return tuple(found)


def back(series: TimeSeries, have: Hypertable, want: Hypertable, functions: str) -> tuple[Sql, ...]:
    """From the declared hypertable to what it was; a dimension stays."""
    found: list[Sql] = []
    if want.compressed and not have.compressed:
        found.append(unpack(series))
    if have.chunk_seconds != want.chunk_seconds:
        found.append(interval(series, have.chunk_seconds, functions))
    return tuple(found)
