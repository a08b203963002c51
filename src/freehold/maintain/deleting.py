"""The SQL that deletes what is too old, a batch at a time, and never a row that is held."""

from __future__ import annotations

from datetime import datetime

from freehold.maintain.catalog import moment, regclass, table
from freehold.maintain.model import DeleteRows
from freehold.spec.series import Hold
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, ident, join, keyword, literal, raw, sql

ROW = ident("freehold_row")
HOLD = ident("freehold_hold")

PAGES = 1_000
"""Pages of a table that are looked through at a time where no index leads to the old rows."""


def held(hold: Hold) -> Sql:
    """A condition on ``freehold_row``: the row is held."""
    if hold.column:
        return sql("({}.{}) IS TRUE", ROW, ident(hold.column))
    if hold.table is not None:
        pairs = [sql("{}.{} = {}.{}", HOLD, ident(there), ROW, ident(own)) for own, there in hold.match]
        return sql("EXISTS (SELECT FROM {} AS {} WHERE {})", table(hold.table), HOLD, join(" AND ", pairs))
    return sql("({}\n) IS TRUE", raw(hold.where))


def count_held(name: TableName, hold: Hold, *, before: Sql | None = None) -> Sql:
    """How many rows of a table are held; ``before``: a further condition."""
    return sql(
        "SELECT pg_catalog.count(*) FROM {} AS {} WHERE {}{}",
        table(name),
        ROW,
        sql("{} AND ", before) if before else Sql(()),
        held(hold),
    )


def old(column: str, before: datetime, column_type: str) -> Sql:
    """A condition: the row is older than it is to be kept."""
    return sql("{}.{} < {}", ROW, ident(column), moment(before, column_type))


def any_old(action: DeleteRows, column_type: str) -> Sql:
    """Whether any row is older than it is to be kept, held or not; without a look at anything but the column."""
    condition = old(action.column, action.before, column_type)
    return sql("SELECT EXISTS (SELECT FROM ONLY {} AS {} WHERE {})", table(action.table), ROW, condition)


def count_old(action: DeleteRows, column_type: str, hold: Hold | None) -> Sql:
    """How many rows are older than they are to be kept. Rows that a column says are held do not count; a condition or
    another table may run code of the service, so what these hold is among them."""
    conditions = [old(action.column, action.before, column_type)]
    if hold is not None and hold.column:
        conditions.append(sql("NOT ({})", held(hold)))
    where = join(" AND ", conditions)
    return sql("SELECT pg_catalog.count(*) FROM ONLY {} AS {} WHERE {}", table(action.table), ROW, where)


def indexed(name: TableName, column: str) -> Sql:
    """Whether a whole B-tree index of the table begins with the column."""
    return sql(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
        " JOIN pg_catalog.pg_am AS m ON m.oid = c.relam AND m.amname = 'btree'"
        " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indrelid = {} AND a.attname = {} AND i.indisvalid AND i.indpred IS NULL)",
        regclass(name),
        literal(column),
    )


def forced(name: TableName) -> Sql:
    """Whether row level security is forced on the table's owner."""
    return sql(
        "SELECT COALESCE(pg_catalog.bool_or(relrowsecurity AND relforcerowsecurity), false) FROM pg_catalog.pg_class"
        " WHERE oid = {}",
        regclass(name),
    )


def pages(name: TableName) -> Sql:
    """How many pages the table has."""
    return sql(
        "SELECT pg_catalog.pg_relation_size({}) / pg_catalog.current_setting('block_size')::bigint", regclass(name)
    )


def batch(action: DeleteRows, column_type: str, hold: Hold | None, where: Sql, order: Sql) -> Sql:
    """Deletes up to a batch of old rows and says how many, and the greatest value of the column among them.

    Rows that others have locked are passed over, so nobody is waited for; ``where`` narrows what is looked at.
    """
    due = [old(action.column, action.before, column_type), where]
    if hold is not None:
        due.append(sql("NOT ({})", held(hold)))
    return sql(
        "WITH gone AS (DELETE FROM ONLY {} AS {} WHERE {}.ctid = ANY (ARRAY(SELECT {}.ctid FROM ONLY {} AS {} WHERE {}"
        "{} LIMIT {} FOR UPDATE SKIP LOCKED)) RETURNING {}.{})"
        " SELECT pg_catalog.count(*), pg_catalog.max({})::pg_catalog.text FROM gone",
        table(action.table),
        ROW,
        ROW,
        ROW,
        table(action.table),
        ROW,
        join(" AND ", due),
        order,
        action.batch,
        ROW,
        ident(action.column),
        ident(action.column),
    )


def from_value(column: str, text: str | None) -> Sql:
    """Where an index leads: from the greatest value that is gone already."""
    return sql("{}.{} >= {}", ROW, ident(column), literal(text)) if text else keyword("true")


def in_order(column: str) -> Sql:
    return sql(" ORDER BY {}.{}", ROW, ident(column))


def in_pages(first: int, end: int) -> Sql:
    """Where no index leads: a run of pages, read once."""
    return sql("{}.ctid >= {}::tid AND {}.ctid < {}::tid", ROW, literal(f"({first},0)"), ROW, literal(f"({end},0)"))
