"""How the rows of a service are cut into parts that are copied side by side, and the two statements of each part.

A part is a range of pages, read by ctid under the snapshot of the slot that later changes come from. A part is written
in one transaction together with the row that says so, so a run that was killed leaves whole parts and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from freehold.move.model import Column, Table
from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

PART_PAGES = 8_192
"""64 MiB: enough that starting a part does not count, little enough that the last ones end together."""


@dataclass(frozen=True, slots=True)
class Part:
    """Pages ``first`` up to (not including) ``end``; None: to the end of the table, whatever is there."""

    table: Table
    number: int
    of: int
    first: int
    end: int | None

    @property
    def pages(self) -> int:
        return max(0, self.table.pages - self.first) if self.end is None else self.end - self.first


def parts(tables: Iterable[Table], pages: Mapping[TableName, int], part_pages: int = PART_PAGES) -> tuple[Part, ...]:
    """All parts, largest first, ties by name. ``pages`` are what the tables have now; missing means none."""
    found: list[Part] = []
    for table in tables:
        many = max(1, -(-pages.get(table.name, 0) // part_pages))
        found += [
            Part(table, n, many, n * part_pages, None if n == many - 1 else (n + 1) * part_pages) for n in range(many)
        ]
    return tuple(sorted(found, key=lambda part: (-part.pages, part.table.name, part.number)))


def sizes(tables: Iterable[Table]) -> Sql:
    """Schema, table and pages of each table as it is now."""
    return sql(
        "SELECT t.s, t.n, (pg_catalog.pg_relation_size(c.oid)"
        " / pg_catalog.current_setting('block_size')::bigint)::bigint"
        " FROM (VALUES {}) AS t (s, n) JOIN pg_catalog.pg_namespace AS m ON m.nspname = t.s"
        " JOIN pg_catalog.pg_class AS c ON c.relnamespace = m.oid AND c.relname = t.n",
        join(
            ", ",
            [sql("({}::name, {}::name)", literal(one.name.schema), literal(one.name.table)) for one in tables],
        ),
    )


def stored(table: Table) -> tuple[Column, ...]:
    """The columns whose values are copied; what is generated is computed anew."""
    return tuple(column for column in table.columns if not column.generated)


def out(part: Part, *, binary: bool) -> Sql:
    """Read the part. Where the table has one part only the condition is left out."""
    name = ident(part.table.name.schema, part.table.name.table)
    columns = join(", ", [ident(column.name) for column in stored(part.table)])
    if part.of == 1:
        condition = Sql(())
    elif part.end is None:
        condition = sql(" WHERE ctid >= '({},0)'::pg_catalog.tid", part.first)
    else:
        condition = sql(
            " WHERE ctid >= '({},0)'::pg_catalog.tid AND ctid < '({},0)'::pg_catalog.tid", part.first, part.end
        )
    return sql("COPY (SELECT {} FROM ONLY {}{}) TO STDOUT{}", columns, name, condition, _format(binary))


def into(part: Part, *, binary: bool, freeze: bool) -> Sql:
    """Write the part. ``freeze``: the table was emptied in the same transaction, so no reader can miss the rows."""
    name = ident(part.table.name.schema, part.table.name.table)
    columns = join(", ", [ident(column.name) for column in stored(part.table)])
    options = [*([keyword("FORMAT binary")] if binary else []), *([keyword("FREEZE")] if freeze else [])]
    return sql("COPY {} ({}) FROM STDIN{}", name, columns, sql(" ({})", join(", ", options)) if options else Sql(()))


def binary(table: Table, *, same_version: bool) -> bool:
    """Whether the binary form means the same on both sides: it names array elements and fields of rows by OID, which
    only PostgreSQL's own types keep, and may change between versions."""
    return same_version and all(
        (column.base[0] == "pg_catalog" and column.kind == "b") or (column.kind == "e" and not column.array)
        for column in stored(table)
    )


def copied(move: str, part: Part, snapshot: str, rows: int) -> Sql:
    """Say that a part is there; belongs in its transaction."""
    return sql(
        'INSERT INTO freehold.move_copied (move, schema, "table", part, parts, snapshot, rows)'
        " VALUES ({}, {}, {}, {}, {}, {}, {})",
        literal(move),
        literal(part.table.name.schema),
        literal(part.table.name.table),
        part.number,
        part.of,
        literal(snapshot),
        rows,
    )


def complete(move: str) -> Sql:
    """Schema, table, snapshot and rows of each table that is there whole."""
    return sql(
        'SELECT schema, "table", snapshot, pg_catalog.sum(rows)::bigint FROM freehold.move_copied WHERE move = {}'
        ' GROUP BY schema, "table", snapshot, parts HAVING pg_catalog.count(*) = parts',
        literal(move),
    )


def rows_there(move: str) -> Sql:
    """How many rows were copied so far."""
    return sql(
        "SELECT coalesce(pg_catalog.sum(rows), 0)::bigint FROM freehold.move_copied WHERE move = {}", literal(move)
    )


def empty(table: TableName, move: str) -> Sql:
    """Begin a table anew: no rows, and no parts that are said to be there."""
    return sql(
        'TRUNCATE ONLY {}; DELETE FROM freehold.move_copied WHERE move = {} AND schema = {} AND "table" = {}',
        ident(table.schema, table.table),
        literal(move),
        literal(table.schema),
        literal(table.table),
    )


def anew(table: TableName) -> Sql:
    """Take the rows of an unfinished copy away, past the guard that refuses writers by then."""
    return sql(
        "SET session_replication_role = replica; TRUNCATE ONLY {}; RESET session_replication_role",
        ident(table.schema, table.table),
    )


def _format(binary: bool) -> Sql:
    return keyword(" (FORMAT binary)") if binary else Sql(())
