"""What maintenance notes in the control schema: partitions about to be removed, and how far rollups are."""

from __future__ import annotations

from typing import LiteralString

from freehold.found.control import control_sql
from freehold.maintain.model import Partition, Task
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, join, keyword, literal, sql

IS_THERE = keyword("SELECT pg_catalog.to_regclass('freehold.series_changed') IS NOT NULL")


def make() -> tuple[Sql, ...]:
    """Makes the notes' table, and the control schema where an apply has not made it; one transaction."""
    return (
        *control_sql(),
        keyword("""\
CREATE TABLE IF NOT EXISTS freehold.leaving (
    partition_schema text NOT NULL,
    partition_name text NOT NULL,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    bound text NOT NULL,
    service text NOT NULL,
    run uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (partition_schema, partition_name)
)"""),
        keyword("REVOKE ALL ON TABLE freehold.leaving FROM PUBLIC"),
        keyword(
            "COMMENT ON TABLE freehold.leaving IS 'Partitions that maintenance is about to detach and drop; a row that"
            " stays was interrupted'"
        ),
        keyword("""\
CREATE TABLE IF NOT EXISTS freehold.series (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    watermark timestamp NOT NULL,
    safe_from timestamp NOT NULL,
    waits_for text[],
    kept_from timestamp NOT NULL DEFAULT '-infinity',
    UNIQUE (table_schema, table_name)
)"""),
        keyword("""\
CREATE TABLE IF NOT EXISTS freehold.series_changed (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series integer NOT NULL REFERENCES freehold.series,
    lower timestamp NOT NULL,
    upper timestamp NOT NULL
)"""),
        keyword("REVOKE ALL ON TABLE freehold.series, freehold.series_changed FROM PUBLIC"),
        *(sql("COMMENT ON {} IS {}", keyword(what), literal(text)) for what, text in _COMMENTS),
    )


_COMMENTS: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("TABLE freehold.series", "Time series with rollups: how far these are, in UTC"),
    ("COLUMN freehold.series.watermark", "A change of an older row is noted in series_changed"),
    ("COLUMN freehold.series.safe_from", "Every change of an older row that was not noted is in the rollups"),
    (
        "COLUMN freehold.series.waits_for",
        "Transactions that may have seen the watermark before this one; NULL: not known yet",
    ),
    ("COLUMN freehold.series.kept_from", "Rows before this are too old to be kept: what a rollup says of them stays"),
    ("TABLE freehold.series_changed", "Stretches of time whose rollups are to be computed again"),
)


def note(task: Task, partition: Partition, run: str) -> Sql:
    """Written before a partition is detached, so that the next run knows that it was ours to drop."""
    name, table = partition.table, task.table
    values = (name.schema, name.table, table.schema, table.table, partition.bound, task.service, run)
    return sql(
        "INSERT INTO freehold.leaving (partition_schema, partition_name, table_schema, table_name, bound,"
        " service, run)"
        " VALUES ({}) ON CONFLICT (partition_schema, partition_name) DO UPDATE SET run = excluded.run",
        join(", ", (literal(value) for value in values)),
    )


def forget(partition: TableName) -> Sql:
    """The partition is gone, or stays after all."""
    return sql(
        "DELETE FROM freehold.leaving WHERE partition_schema = {} AND partition_name = {}",
        literal(partition.schema),
        literal(partition.table),
    )
