"""Questions about a hypertable to TimescaleDB's catalog, its answers as values, and the SQL that acts on chunks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from freehold.maintain.catalog import moment, table
from freehold.maintain.deleting import ROW, held
from freehold.maintain.model import Chunk, DropChunks, Hyper
from freehold.spans import EARLIEST, LATEST, parse_moment
from freehold.spec.series import Hold
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, ident, keyword, literal, sql

INSTALLED = keyword("SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb')")


def hyper_of(name: TableName) -> Sql:
    """One row for ``hyper`` where the table is a hypertable or a continuous aggregate; else none."""
    return sql(
        "SELECT e.nspname, pg_catalog.current_setting('timescaledb.license', true), h.schema_name, h.table_name,"
        " d.column_name, d.column_type::pg_catalog.text, x.aggregate, COALESCE(c.relrowsecurity, false),"
        " (SELECT pg_catalog.array_agg(j.application_name::pg_catalog.text ORDER BY 1) FROM"
        "  timescaledb_information.jobs AS j WHERE j.hypertable_schema = h.schema_name"
        "  AND j.hypertable_name = h.table_name AND j.proc_name = 'policy_retention' AND j.scheduled)"
        " FROM (SELECT id, false AS aggregate FROM _timescaledb_catalog.hypertable"
        "  WHERE schema_name = {} AND table_name = {} UNION ALL SELECT mat_hypertable_id, true FROM"
        "  _timescaledb_catalog.continuous_agg WHERE user_view_schema = {} AND user_view_name = {}) AS x"
        " JOIN _timescaledb_catalog.hypertable AS h ON h.id = x.id"
        " JOIN _timescaledb_catalog.dimension AS d ON d.hypertable_id = h.id AND d.interval_length IS NOT NULL"
        " JOIN pg_catalog.pg_namespace AS n ON n.nspname = h.schema_name"
        " JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = h.table_name"
        " CROSS JOIN (SELECT s.nspname FROM pg_catalog.pg_extension AS p JOIN pg_catalog.pg_namespace AS s"
        "  ON s.oid = p.extnamespace WHERE p.extname = 'timescaledb') AS e",
        *(literal(part) for part in (name.schema, name.table) * 2),
    )


def hyper(row: Sequence[object]) -> tuple[Hyper, str]:
    """What ``hyper_of`` answered, and the type of the time column."""
    functions, licence, schema, name, column, column_type, aggregate, secured, policies = row
    return (
        Hyper(
            functions=str(functions),
            licence=str(licence or ""),
            relation=TableName(str(schema), str(name)),
            column=str(column),
            aggregate=aggregate is True,
            secured=secured is True,
            policies=tuple(str(one) for one in policies) if isinstance(policies, list) else (),
        ),
        str(column_type),
    )


def chunks_of(relation: TableName) -> Sql:
    """(schema, name, first moment, end, compressed as a whole) of every chunk."""
    return sql(
        "SELECT c.chunk_schema, c.chunk_name, c.range_start::pg_catalog.text, c.range_end::pg_catalog.text,"
        # bit 3: rows came after it was compressed
        " c.is_compressed AND _timescaledb_functions.chunk_status(pg_catalog.format('%I.%I', c.chunk_schema,"
        "  c.chunk_name)::pg_catalog.regclass) & 8 = 0"
        " FROM timescaledb_information.chunks AS c WHERE c.hypertable_schema = {} AND c.hypertable_name = {}",
        literal(relation.schema),
        literal(relation.table),
    )


def chunks(rows: Iterable[Sequence[object]]) -> tuple[Chunk, ...]:
    """What ``chunks_of`` answered, oldest first."""
    found = [
        Chunk(TableName(str(schema), str(name)), _read(lower, EARLIEST), _read(upper, LATEST), packed is True)
        for schema, name, lower, upper, packed in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.lower, one.upper, one.table)))


def _read(value: object, end: datetime) -> datetime:
    try:
        return parse_moment(str(value))
    except ValueError:
        return end


def within(column: str, column_type: str, lower: datetime, upper: datetime) -> Sql:
    """A condition on ``freehold_row``: it lies in a stretch of time."""
    here = sql("{}.{}", ROW, ident(column))
    after = sql("{} >= {}", here, moment(lower, column_type)) if lower > EARLIEST else keyword("true")
    return sql("{} AND {} < {}", after, here, moment(upper, column_type)) if upper < LATEST else after


def any_before(relation: TableName, column: str, column_type: str, before: datetime) -> Sql:
    """Whether any row is older."""
    where = within(column, column_type, EARLIEST, before)
    return sql("SELECT EXISTS (SELECT FROM {} AS {} WHERE {})", table(relation), ROW, where)


def count(relation: TableName, where: Sql) -> Sql:
    return sql("SELECT pg_catalog.count(*) FROM {} AS {} WHERE {}", table(relation), ROW, where)


def delete(relation: TableName, where: Sql, hold: Hold | None) -> Sql:
    """Deletes the rows of a stretch but those that are held; one row with their number."""
    spared = sql("NOT ({})", held(hold)) if hold is not None else keyword("true")
    return sql(
        "WITH gone AS (DELETE FROM {} AS {} WHERE {} AND {} RETURNING 1) SELECT pg_catalog.count(*) FROM gone",
        table(relation),
        ROW,
        where,
        spared,
    )


def size(action: DropChunks) -> Sql:
    """(bytes with indexes and what compression made of them, estimated rows or NULL) of chunks."""
    names = sql("ARRAY[{}]", _names(action.chunks))
    return sql(
        "SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid) + COALESCE((SELECT pg_catalog.sum("
        "pg_catalog.pg_total_relation_size(s.compress_relid)) FROM _timescaledb_catalog.compression_settings AS s"
        " WHERE s.relid = c.oid), 0))::bigint,"
        " CASE WHEN pg_catalog.bool_and(c.reltuples >= 0 AND NOT EXISTS (SELECT FROM"
        " _timescaledb_catalog.compression_settings AS s WHERE s.relid = c.oid AND s.compress_relid IS NOT NULL))"
        " THEN pg_catalog.sum(c.reltuples)::bigint END"
        " FROM pg_catalog.pg_class AS c WHERE c.oid = ANY ({}::pg_catalog.regclass[])",
        names,
    )


def _names(names: Iterable[TableName]) -> Sql:
    first, *rest = [literal(table(one).shown()) for one in names]
    found = first
    for one in rest:
        found = sql("{}, {}", found, one)
    return found


def drop(functions: str, relation: TableName, action: DropChunks, column_type: str) -> Sql:
    """Drops the chunks of a stretch; of a continuous aggregate by its own name."""
    return sql(
        "SELECT {}.drop_chunks({}, older_than => {}, newer_than => {})",
        ident(functions),
        literal(table(relation).shown()),
        moment(action.upper, column_type),
        moment(action.lower, column_type),
    )


def compress(functions: str, chunk: Chunk) -> Sql:
    """Compresses a chunk, and again one to which rows came after that."""
    return sql(
        "SELECT {}.compress_chunk({}, if_not_compressed => true)", ident(functions), literal(table(chunk.table).shown())
    )
