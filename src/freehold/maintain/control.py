"""What maintenance notes in the control schema: partitions that are about to be removed."""

from __future__ import annotations

from freehold.found.control import control_sql
from freehold.maintain.model import Partition, Task
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, join, keyword, literal, sql

IS_THERE = keyword("SELECT pg_catalog.to_regclass('freehold.leaving') IS NOT NULL")


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
