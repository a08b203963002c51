"""What must be known of a database to fill its tables: the questions, and their answers as nouns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from freehold.seed.model import Check, Column, ForeignKey, Key, Partitions, Table
from freehold.seed.moments import parse_moment
from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

Row = Sequence[object]

LEDGERS = frozenset({"alembic_version", "schema_migrations", "flyway_schema_history", "django_migrations"})
"""Tables of migration tools: rows in them would be lies about what was run."""


def columns(schemas: Sequence[str]) -> Sql:
    """Every column of every table that rows can be copied into, in order."""
    return sql(
        """
WITH RECURSIVE tables AS (SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class AS c
 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ({})
 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
 AND x.objid = c.oid AND x.deptype = 'e')),
down AS (SELECT DISTINCT a.atttypid AS top, a.atttypid AS oid, -1 AS modifier, false AS required
 FROM pg_catalog.pg_attribute AS a JOIN tables AS t ON t.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped
 UNION ALL SELECT d.top, y.typbasetype, CASE WHEN y.typtypmod = -1 THEN d.modifier ELSE y.typtypmod END,
 d.required OR y.typnotnull FROM down AS d JOIN pg_catalog.pg_type AS y ON y.oid = d.oid WHERE y.typtype = 'd')
SELECT t.nspname, t.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), y.typname,
 a.attnotnull OR d.required, COALESCE(pg_catalog.pg_get_expr(f.adbin, f.adrelid), ''), a.attidentity::text,
 a.attgenerated <> '', CASE WHEN a.atttypmod = -1 THEN d.modifier ELSE a.atttypmod END,
 ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = y.oid ORDER BY e.enumsortorder),
 CASE WHEN y.typcategory = 'A' THEN l.typname ELSE '' END, sn.nspname, sc.relname
FROM tables AS t JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN down AS d ON d.top = a.atttypid JOIN pg_catalog.pg_type AS y ON y.oid = d.oid AND y.typtype <> 'd'
LEFT JOIN pg_catalog.pg_type AS l ON l.oid = y.typelem
LEFT JOIN pg_catalog.pg_attrdef AS f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
LEFT JOIN pg_catalog.pg_depend AS p ON p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.refobjid = t.oid
 AND p.refobjsubid = a.attnum AND p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.deptype IN ('a', 'i')
 AND EXISTS (SELECT FROM pg_catalog.pg_class AS s WHERE s.oid = p.objid AND s.relkind = 'S')
LEFT JOIN pg_catalog.pg_class AS sc ON sc.oid = p.objid
LEFT JOIN pg_catalog.pg_namespace AS sn ON sn.oid = sc.relnamespace
ORDER BY 1, 2, a.attnum""",
        _listed(schemas),
    )


def keys(schemas: Sequence[str]) -> Sql:
    """Every unique index over plain columns: schema, table, name, primary, whole, columns."""
    return sql(
        """
SELECT n.nspname, c.relname, x.relname, i.indisprimary, i.indpred IS NULL AND NOT i.indisexclusion,
 ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k (num, at)
 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.num ORDER BY k.at)
FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indexprs IS NULL AND NOT c.relispartition AND n.nspname IN ({}) ORDER BY 1, 2, 4 DESC, 3""",
        _listed(schemas),
    )


def constraints(schemas: Sequence[str]) -> Sql:
    """Foreign keys and checks: schema, table, type, name, columns, other schema, other table, other columns, text."""
    return sql(
        """
SELECT n.nspname, c.relname, o.contype::text, o.conname,
 ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(o.conkey) WITH ORDINALITY AS k (num, at)
 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = o.conrelid AND a.attnum = k.num ORDER BY k.at),
 fn.nspname, fc.relname,
 ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(o.confkey) WITH ORDINALITY AS k (num, at)
 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = o.confrelid AND a.attnum = k.num ORDER BY k.at),
 pg_catalog.pg_get_constraintdef(o.oid)
FROM pg_catalog.pg_constraint AS o JOIN pg_catalog.pg_class AS c ON c.oid = o.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class AS fc ON fc.oid = o.confrelid
LEFT JOIN pg_catalog.pg_namespace AS fn ON fn.oid = fc.relnamespace
WHERE o.contype IN ('f', 'c') AND o.conparentid = 0 AND NOT c.relispartition AND n.nspname IN ({})
UNION ALL SELECT n.nspname, c.relname, 'c', o.conname, ARRAY[a.attname::text], NULL, NULL, ARRAY[]::text[],
 pg_catalog.pg_get_constraintdef(o.oid)
FROM pg_catalog.pg_constraint AS o JOIN pg_catalog.pg_attribute AS a ON a.atttypid = o.contypid AND NOT a.attisdropped
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE o.contype = 'c' AND n.nspname IN ({})
ORDER BY 1, 2, 3, 4""",
        _listed(schemas),
        _listed(schemas),
    )


def partitions(schemas: Sequence[str]) -> Sql:
    """Bounds of every partition by range below a table, at any level: schema, table, column, type, bound.

    Run it with TimeZone UTC: bounds are written in the session's zone."""
    return sql(
        """
WITH RECURSIVE tree AS (SELECT n.nspname, c.relname, c.oid FROM pg_catalog.pg_class AS c
 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'p' AND NOT c.relispartition AND n.nspname IN ({})
 UNION ALL SELECT t.nspname, t.relname, i.inhrelid FROM tree AS t
 JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid)
SELECT t.nspname, t.relname, a.attname, y.typname, pg_catalog.pg_get_expr(k.relpartbound, k.oid)
FROM tree AS t JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = t.oid AND p.partstrat = 'r'
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = p.partattrs[0]
JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid AND y.typname IN ('timestamptz', 'timestamp', 'date')
LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid LEFT JOIN pg_catalog.pg_class AS k ON k.oid = i.inhrelid
ORDER BY 1, 2, 5""",
        _listed(schemas),
    )


def given(table: TableName, wanted: Sequence[str], order: Sequence[str], most: int) -> Sql:
    """Rows of a table that is left as it is, as text and in a fixed order."""
    return sql(
        "SELECT {} FROM {} ORDER BY {} LIMIT {}",
        join(", ", (sql("{}::text", ident(name)) for name in wanted)),
        ident(table.schema, table.table),
        join(", ", (sql('{}::text COLLATE "C"', ident(name)) for name in order)),
        most,
    )


def count_given(table: TableName, most: int) -> Sql:
    """How many rows ``given`` has."""
    return sql("SELECT pg_catalog.count(*) FROM (SELECT FROM {} LIMIT {}) AS x", ident(table.schema, table.table), most)


def tables(
    where: Mapping[str, tuple[str, str, str]],
    column_rows: Sequence[Row],
    key_rows: Sequence[Row],
    constraint_rows: Sequence[Row],
    partition_rows: Sequence[Row],
) -> tuple[Table, ...]:
    """The tables of one database. ``where`` maps a schema to its service, instance and database."""
    found: list[Table] = []
    by_table: dict[TableName, list[Column]] = {}
    for row in column_rows:
        by_table.setdefault(TableName(str(row[0]), str(row[1])), []).append(_column(row))
    for name, cols in sorted(by_table.items()):
        if name.table in LEDGERS:
            continue
        service, instance, database = where[name.schema]
        found.append(
            Table(
                service,
                instance,
                database,
                name,
                tuple(cols),
                tuple(_key(row) for row in key_rows if _of(row, name)),
                tuple(_foreign(row) for row in constraint_rows if _of(row, name) and row[2] == "f"),
                tuple(
                    Check(str(row[3]), _texts(row[4]), str(row[8]))
                    for row in constraint_rows
                    if _of(row, name) and row[2] == "c"
                ),
                _partitions([row for row in partition_rows if _of(row, name)]),
            )
        )
    return tuple(found)


def _of(row: Row, name: TableName) -> bool:
    return (row[0], row[1]) == (name.schema, name.table)


def _column(row: Row) -> Column:
    base, modifier = str(row[4]), int(str(row[9]))
    length = modifier - 4 if base in ("varchar", "bpchar") and modifier > 4 else None
    precision = scale = None
    if base == "numeric" and modifier > 3:
        precision, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
        if scale > 1000:
            scale -= 2048
    return Column(
        name=str(row[2]),
        type=str(row[3]),
        base=base,
        required=bool(row[5]),
        default=str(row[6]),
        identity=str(row[7]),
        generated=bool(row[8]),
        length=length,
        scale=scale,
        precision=precision,
        labels=_texts(row[10]),
        element=str(row[11] or ""),
        sequence=(str(row[12]), str(row[13])) if row[12] is not None else None,
    )


def _key(row: Row) -> Key:
    return Key(str(row[2]), _texts(row[5]), bool(row[3]), bool(row[4]))


def _foreign(row: Row) -> ForeignKey:
    return ForeignKey(str(row[3]), _texts(row[4]), TableName(str(row[5]), str(row[6])), _texts(row[7]))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


_BOUND = re.compile(r"FOR VALUES FROM \(('[^']*'|MINVALUE)[,)].*? TO \(('[^']*'|MAXVALUE)[,)]")


def _partitions(rows: Sequence[Row]) -> Partitions | None:
    if not rows:
        return None
    ranges: set[tuple[int | None, int | None]] = set()
    for row in rows:
        match = _BOUND.match(str(row[4] or ""))
        if match:
            ranges.add((_moment(match[1]), _moment(match[2])))
    ordered = sorted(ranges, key=lambda ends: (ends[0] is not None, ends[0] or 0))
    return Partitions(str(rows[0][2]), tuple(ordered), any(row[4] == "DEFAULT" for row in rows))


def _moment(text: str) -> int | None:
    if not text.startswith("'"):
        return None
    try:
        return parse_moment(text.strip("'"))
    except ValueError:  # infinity, or a year before 1
        return None


def _listed(names: Sequence[str]) -> Sql:
    return join(", ", (literal(name) for name in names)) if names else keyword("NULL")
