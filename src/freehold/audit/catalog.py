"""Reads from a server's catalogs what is to be known of one end of a reference before its rows are read."""

from __future__ import annotations

from collections.abc import Sequence

from freehold.audit.model import Column, Constraint, End, Table
from freehold.spec.model import TableName
from freehold.sqltext import Sql, literal, sql

Row = Sequence[object]

KINDS = {
    "r": "table",
    "p": "partitioned table",
    "m": "materialized view",
    "v": "view",
    "f": "foreign table",
    "S": "sequence",
    "c": "composite type",
    "i": "index",
    "I": "partitioned index",
    "t": "TOAST table",
}

HOLDS_ROWS = ("table", "partitioned table", "materialized view")
"""What an audit reads. A view or a foreign table is somebody's code, or another server's data."""


def table(end: End) -> Sql:
    """The relation of this name, whatever its kind.

    Kind, rows, encoding, may be read, owner, may act as owner, login, number."""
    return sql(
        "SELECT c.relkind::pg_catalog.text,"
        " coalesce((SELECT pg_catalog.sum(greatest(l.reltuples, 0)) FROM pg_catalog.pg_partition_tree(c.oid) AS t"
        " JOIN pg_catalog.pg_class AS l ON l.oid = t.relid WHERE t.isleaf), greatest(c.reltuples, 0))"
        "::pg_catalog.int8,"
        " pg_catalog.getdatabaseencoding()::pg_catalog.text,"
        " pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),"
        " pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text, pg_catalog.pg_has_role(c.relowner, 'MEMBER'),"
        " session_user::pg_catalog.text, c.oid::pg_catalog.int8"
        " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = {} AND c.relname = {}",
        literal(end.table.schema),
        literal(end.table.table),
    )


def columns(oid: int) -> Sql:
    """Every column with its type under all domains, where that comes from, and its collation."""
    return sql(
        "WITH RECURSIVE base (attnum, type) AS ("
        " SELECT a.attnum, a.atttypid FROM pg_catalog.pg_attribute AS a"
        " WHERE a.attrelid = {} AND a.attnum > 0 AND NOT a.attisdropped"
        " UNION ALL SELECT b.attnum, t.typbasetype FROM base AS b"
        " JOIN pg_catalog.pg_type AS t ON t.oid = b.type WHERE t.typtype = 'd')"
        " SELECT a.attname::pg_catalog.text, pg_catalog.format_type(a.atttypid, a.atttypmod),"
        " t.typname::pg_catalog.text, n.nspname::pg_catalog.text,"
        " CASE WHEN t.typtype = 'e' THEN 'enum' WHEN n.nspname = 'pg_catalog' THEN 'pg_catalog'"
        " ELSE coalesce((SELECT e.extname::pg_catalog.text FROM pg_catalog.pg_depend AS d"
        " JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid"
        " WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid"
        " AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'), '') END,"
        " NOT a.attnotnull, s.nspname::pg_catalog.text, o.collname::pg_catalog.text,"
        " coalesce(o.collisdeterministic, true),"
        # the order of a builtin collation is that of the bytes, of libc only under these two names
        " t.typname IN ('text', 'varchar') AND CASE o.collprovider WHEN 'd' THEN"
        " (SELECT d.datlocprovider = 'b' OR d.datlocprovider = 'c' AND d.datcollate IN ('C', 'POSIX')"
        " FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())"
        " WHEN 'c' THEN o.collcollate IN ('C', 'POSIX') ELSE o.collprovider = 'b' END"
        " FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.type AND t.typtype <> 'd'"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace"
        " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = {} AND a.attnum = b.attnum"
        " LEFT JOIN pg_catalog.pg_collation AS o ON o.oid = a.attcollation"
        " LEFT JOIN pg_catalog.pg_namespace AS s ON s.oid = o.collnamespace ORDER BY a.attnum",
        oid,
        oid,
    )


def unique(oid: int) -> Sql:
    """The column names of each unique index that holds for every row: no condition, no expression, valid."""
    return sql(
        "SELECT pg_catalog.array_agg(a.attname::pg_catalog.text)"
        " FROM pg_catalog.pg_index AS i"
        " CROSS JOIN LATERAL pg_catalog.unnest((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1]) AS k (attnum)"
        " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
        " WHERE i.indrelid = {} AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL"
        " GROUP BY i.indexrelid ORDER BY 1",
        oid,
    )


def constraints(child: End, parent: End) -> Sql:
    """The foreign keys from one table to the other: name, validated, enforced, fires, and the columns in pairs."""
    return sql(
        "SELECT k.conname::pg_catalog.text, k.convalidated,"
        " coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true),"
        " coalesce((SELECT pg_catalog.bool_and(t.tgenabled IN ('O', 'A')) FROM pg_catalog.pg_trigger AS t"
        " WHERE t.tgconstraint = k.oid), true),"
        " (SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY u.n)"
        " FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (attnum, n)"
        " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),"
        " (SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY u.n)"
        " FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (attnum, n)"
        " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.attnum)"
        " FROM pg_catalog.pg_constraint AS k"
        " JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " JOIN pg_catalog.pg_class AS d ON d.oid = k.confrelid"
        " JOIN pg_catalog.pg_namespace AS m ON m.oid = d.relnamespace"
        " WHERE k.contype = 'f' AND n.nspname = {} AND c.relname = {} AND m.nspname = {} AND d.relname = {}"
        " ORDER BY k.conname",
        *(literal(name) for name in _names(child.table, parent.table)),
    )


def read_table(row: Row, column_rows: Sequence[Row], unique_rows: Sequence[Row], wanted: Sequence[str]) -> Table:
    """The answers of ``table``, ``columns`` and ``unique`` as one value, with the columns of ``wanted`` that exist."""
    found = {column.name: column for column in map(_column, column_rows)}
    may_read, owner, may_act = row[3] is True, str(row[4]), row[5] is True
    return Table(
        kind=KINDS.get(str(row[0]), "relation"),
        rows=int(str(row[1])),
        encoding=str(row[2]),
        columns=tuple(found[name] for name in wanted if name in found),
        unique=tuple(frozenset(_texts(one[0])) for one in unique_rows),
        readable=may_read or may_act,
        acting_as="" if may_read else owner,
        login=str(row[6]),
    )


def read_constraint(rows: Sequence[Row], child: End, parent: End) -> Constraint | None:
    """The foreign key that declares exactly this reference; the one that holds when there are several."""
    wanted = set(zip(child.columns, parent.columns, strict=True))
    found = [
        Constraint(str(row[0]), row[1] is True, row[2] is True, row[3] is True)
        for row in rows
        if set(zip(_texts(row[4]), _texts(row[5]), strict=True)) == wanted
    ]
    return min(found, key=lambda one: (not one.holds, one.name), default=None)


def _names(child: TableName, parent: TableName) -> tuple[str, str, str, str]:
    return child.schema, child.table, parent.schema, parent.table


def _column(row: Row) -> Column:
    name, shown, kind, schema, origin, nullable, collation_schema, collation, deterministic, bytewise = row
    return Column(
        name=str(name),
        shown=str(shown),
        type=str(kind),
        schema=str(schema),
        origin=str(origin),
        nullable=nullable is True,
        collation=None if collation is None else (str(collation_schema), str(collation)),
        deterministic=deterministic is True,
        bytewise=bytewise is True,
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
