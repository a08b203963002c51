"""The checksum of a set of rows, as SQL: equal on two servers exactly when the rows are, whatever their order.

Each column becomes bytes that differ when the value differs (``encoded``), the row of them two 64-bit hashes with two
seeds, and the set of rows four numbers: how many, the sum of each hash, and the sum of their products. Three things
that look right are not, and decide this form (each is a test in tests/move):

- PostgreSQL hashes a record as 31 * h(first) + h(second): linear, so two rows that swap a value have the same sum as
  before, for every seed. The product of the two hashes is not linear.
- It hashes a bigint or a timestamp by folding it to 32 bits first: 5 and 4294967300 have the same hash for every seed.
  Their binary form is hashed whole.
- Values that compare as equal are not the same bytes: 1.0 and 1.00, -0 and 0, equal texts under a collation that
  ignores case. Bytes are compared here.

Both sessions must have run ``PINNED``, since the text form of some types follows settings.
"""

from __future__ import annotations

from dataclasses import dataclass

from freehold.move.model import Column, Table
from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, join, keyword, sql

PINNED = keyword(
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;"
    " SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET xmloption = 'content'; SET xmlbinary = 'base64';"
    " SET search_path = pg_catalog, pg_temp; SET row_security = off; SET jit = off"
)
"""What both sessions must say first. ``row_security = off`` turns hidden rows into an error."""

_PLAIN = frozenset({"bool", "char", "name", "bytea"})
"""Types whose own hash covers every byte; text does too where its collation is deterministic."""
_TEXTS = frozenset({"text", "varchar"})
_SENT = {
    "int2": keyword("pg_catalog.int2send"),
    "int4": keyword("pg_catalog.int4send"),
    "int8": keyword("pg_catalog.int8send"),
    "oid": keyword("pg_catalog.oidsend"),
    "float4": keyword("pg_catalog.float4send"),
    "float8": keyword("pg_catalog.float8send"),
    "numeric": keyword("pg_catalog.numeric_send"),
    "date": keyword("pg_catalog.date_send"),
    "time": keyword("pg_catalog.time_send"),
    "timetz": keyword("pg_catalog.timetz_send"),
    "timestamp": keyword("pg_catalog.timestamp_send"),
    "timestamptz": keyword("pg_catalog.timestamptz_send"),
    "interval": keyword("pg_catalog.interval_send"),
    "uuid": keyword("pg_catalog.uuid_send"),
    "inet": keyword("pg_catalog.inet_send"),
    "cidr": keyword("pg_catalog.cidr_send"),
    "macaddr": keyword("pg_catalog.macaddr_send"),
    "money": keyword("pg_catalog.cash_send"),
    "json": keyword("pg_catalog.json_send"),
    "jsonb": keyword("pg_catalog.jsonb_send"),
}
"""Types with a binary form that is the same on every server and names no OID."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The checksum of a set of rows. Two sets are taken as equal when all four numbers are."""

    rows: int
    first: int
    second: int
    product: int


def encoded(column: Column) -> Sql:
    """The value of a column as something whose hash covers every byte of it; NULL stays NULL.

    Arrays and composites go by their text: their own hash ignores dimensions, and their binary form names OIDs, which
    differ from database to database. So do enums: their hash is of the OID.
    """
    name = ident(column.name)
    schema, base = column.base
    if schema == "pg_catalog" and column.kind == "b" and not column.array:
        if base in _PLAIN or (base in _TEXTS and column.deterministic):
            return sql("{}::{}", name, ident("pg_catalog", base)) if column.domain else name
        if base in _SENT:
            return sql("{}({}{})", _SENT[base], name, _bare(column))
    return sql("pg_catalog.convert_to({}::pg_catalog.text, 'UTF8')", name)


def _bare(column: Column) -> Sql:
    return sql("::{}", ident("pg_catalog", column.base[1])) if column.domain else Sql(())


def compared(table: Table) -> tuple[Column, ...]:
    """The columns of a checksum, by name, so that the order they were added in does not matter. A virtual column has
    no bytes of its own: it follows from the others."""
    return tuple(sorted((one for one in table.columns if one.generated != "v"), key=lambda one: one.name))


def checksum(table: TableName, columns: tuple[Column, ...], where: Sql | None = None) -> Sql:
    """The four numbers of the rows of ``table`` (of those ``where``), without partitions or children of their own."""
    condition = sql(" WHERE {}", where) if where is not None else Sql(())
    return sql(
        "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(a), 0), coalesce(pg_catalog.sum(b), 0),"
        " coalesce(pg_catalog.sum(a::pg_catalog.numeric * b), 0)"
        " FROM (SELECT pg_catalog.hash_record_extended(r, 0) AS a, pg_catalog.hash_record_extended(r, 1) AS b"
        " FROM (SELECT ROW({}) AS r FROM ONLY {}{} OFFSET 0) AS t OFFSET 0) AS h",
        join(", ", [encoded(column) for column in columns]) if columns else keyword("true"),
        ident(table.schema, table.table),
        condition,
    )


def row_hashes(table: TableName, columns: tuple[Column, ...], key: tuple[Column, ...], where: Sql | None = None) -> Sql:
    """Each row's key as text and its two hashes, in the order of the key's bytes: for finding what differs."""
    condition = sql(" WHERE {}", where) if where is not None else Sql(())
    keys = [sql("{}::pg_catalog.text", ident(column.name)) for column in key]
    return sql(
        "SELECT {}, pg_catalog.hash_record_extended(r, 0), pg_catalog.hash_record_extended(r, 1)"
        " FROM (SELECT {}, ROW({}) AS r FROM ONLY {}{} OFFSET 0) AS t ORDER BY {}",
        join(", ", [sql("{} ", ident(f"k{n}")) for n in range(len(keys))]),
        join(", ", [sql("{} AS {}", one, ident(f"k{n}")) for n, one in enumerate(keys)]),
        join(", ", [encoded(column) for column in columns]),
        ident(table.schema, table.table),
        condition,
        join(", ", [sql('{} COLLATE "C"', ident(f"k{n}")) for n in range(len(keys))]),
    )


def result(row: tuple[object, ...]) -> Sum:
    """The Sum that a row of ``checksum`` tells."""
    rows, first, second, product = (int(str(value)) for value in row)
    return Sum(rows, first, second, product)
