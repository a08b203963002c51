"""The checksum of rows: it sees every injected difference, on every version, and nothing where nothing differs."""

from __future__ import annotations

import os
import random

import pytest

from freehold.move.catalog import inventory, question
from freehold.move.checksum import PINNED, Sum, checksum, compared, encoded, result, row_hashes
from freehold.move.model import Column, Side, Table
from freehold.pg.servers import PgServers
from freehold.pg.session import PgSession
from freehold.spec.model import TableName
from freehold.sqltext import ident, keyword, raw
from support.alltypes import CHANGES, ROWS, TYPES

pytestmark = pytest.mark.real

T = TableName("s", "t")


def at(session: PgSession) -> Table:
    (row,) = session.query(question(["s"], []))
    return inventory(Side("main", "postgres"), ["s"], str(row[0])).table(T)


def summed(session: PgSession, table: Table, name: str = "t") -> Sum:
    return result(session.query(checksum(TableName("s", name), compared(table)))[0])


@pytest.fixture
def session(servers: PgServers) -> PgSession:
    found = servers.admin("main")
    found.execute(PINNED)
    found.execute(raw(TYPES))
    return found


def fill(session: PgSession, name: str = "t", count: int = 300) -> None:
    # the bundled server has no libxml: no value of that type can be made, and its column stays empty
    session.execute(raw(ROWS.format(f"s.{name}", count).replace("('<a>' || i || '</a>')::xml", "NULL")))


def test_equal_rows_have_equal_sums_in_any_order_and_any_column_order(session: PgSession) -> None:
    fill(session)
    columns = [c.name for c in at(session).columns if not c.generated]
    turned = ", ".join(ident(name).shown() for name in reversed(columns))
    session.execute(raw("CREATE TABLE s.again (LIKE s.t INCLUDING GENERATED)"))
    session.execute(raw(f"INSERT INTO s.again ({turned}) SELECT {turned} FROM s.t ORDER BY md5(id::text)"))
    before = summed(session, at(session))
    assert summed(session, at(session), "again") == before
    assert before.rows == 300
    session.execute(raw("SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'SQL, DMY'; SET bytea_output = 'escape'"))
    session.execute(PINNED)
    assert summed(session, at(session)) == before


DIFFERENCES = 1000 if os.environ.get("FREEHOLD_SOAK") == "1" else 4 * len(CHANGES)


def test_every_one_of_many_differences_is_seen(session: PgSession) -> None:
    fill(session, count=40)
    table, clean = at(session), summed(session, at(session))
    seen, draw = 0, random.Random(7)
    changes = [one for one in CHANGES if "xml" not in one]
    for number in range(DIFFERENCES):
        change = changes[number % len(changes)].replace("{{", "{").replace("}}", "}")
        with_rollback = f"UPDATE s.t SET {change} WHERE id = {draw.randint(1, 40)}"
        session.execute(keyword("BEGIN"))
        try:
            before = session.query(raw("SELECT md5(string_agg(z::text, '|' ORDER BY id)) FROM s.t AS z"))
            session.execute(raw(with_rollback))
            after = session.query(raw("SELECT md5(string_agg(z::text, '|' ORDER BY id)) FROM s.t AS z"))
            if before != after:
                assert summed(session, table) != clean, change
                seen += 1
        finally:
            session.execute(keyword("ROLLBACK"))
    # a few changes leave the row that was drawn as it was (m is 'sad' already, b is NULL)
    assert seen > 0.9 * DIFFERENCES
    assert summed(session, table) == clean


def test_rows_that_swap_a_value_are_seen_and_a_plain_sum_of_hashes_does_not_see_them(session: PgSession) -> None:
    fill(session)
    table, clean = at(session), summed(session, at(session))
    session.execute(raw("UPDATE s.t SET t = o.t FROM s.t AS o WHERE (t.id, o.id) IN ((10, 20), (20, 10))"))
    swapped = summed(session, table)
    assert swapped.rows == clean.rows
    assert swapped != clean
    # sums of record hashes differ by a multiple of 2^64 at most: only the product tells these apart for certain
    assert (swapped.first - clean.first) % 2**64 == 0
    assert (swapped.second - clean.second) % 2**64 == 0
    assert swapped.product != clean.product


def test_the_servers_own_hash_of_a_bigint_does_not_see_what_the_encoded_one_does(session: PgSession) -> None:
    one, other = "5::bigint", "4294967300::bigint"
    equal = "SELECT bool_and(hash_record_extended(ROW({}), s) = hash_record_extended(ROW({}), s))"
    equal += " FROM generate_series(0, 99) AS s"
    assert session.query(raw(equal.format(one, other))) == [(True,)]
    text = encoded(Column("x", "bigint", ("pg_catalog", "int8"), "b")).shown()
    equal = equal.format(*(text.replace('"x"', value) for value in (one, other)))
    assert session.query(raw(equal)) == [(False,)]


def test_a_row_twice_a_row_less_and_none_at_all(session: PgSession) -> None:
    table = at(session)
    assert summed(session, table) == Sum(0, 0, 0, 0)
    session.execute(raw("CREATE TABLE s.again (LIKE s.t)"))
    fill(session, "t", 5)
    session.execute(raw("INSERT INTO s.again SELECT * FROM s.t UNION ALL SELECT * FROM s.t"))
    once, twice = summed(session, table), summed(session, table, "again")
    assert (twice.rows, twice.first) == (2 * once.rows, 2 * once.first), "rows do not cancel each other out"
    session.execute(raw("DELETE FROM s.again WHERE id = 3"))
    assert summed(session, table, "again") != twice


def test_two_databases_whose_enums_have_other_oids_agree(session: PgSession, servers: PgServers) -> None:
    fill(session, "t", 50)
    session.execute(keyword("CREATE DATABASE other TEMPLATE template0"))
    other = servers.admin("main", "other")
    other.execute(raw("CREATE TYPE public.shifts_oids AS ENUM ('x')"))
    other.execute(raw(TYPES))
    other.execute(PINNED)
    fill(other, "t", 50)
    assert summed(other, at(other)) == summed(session, at(session))


def test_the_rows_that_differ_are_found_by_their_key(session: PgSession) -> None:
    fill(session, "t", 40)
    table = at(session)
    key = tuple(column for column in table.columns if column.name in table.key)
    before = {row[0]: row[1:] for row in session.query(row_hashes(T, compared(table), key))}
    session.execute(raw("UPDATE s.t SET t = 'other' WHERE id IN (7, 19); DELETE FROM s.t WHERE id = 30"))
    after = {row[0]: row[1:] for row in session.query(row_hashes(T, compared(table), key))}
    assert {one for one in before if before[one] != after.get(one)} == {"7", "19", "30"}
