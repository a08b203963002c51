"""Every planted orphan is found and nothing else: between servers, with hostile names, NULLs and many columns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from freehold.audit.model import State
from freehold.spec.model import TableName
from freehold.sqltext import ident
from support.references import Pair, codes

HOSTILE = ('we"ird', "line\nbreak", "<img src=x>", "ü" * 31, "'; drop --", "%s {} %", "Order")


def planted(count: int, among: int) -> list[int]:
    """Numbers of keys without a parent, spread evenly, the first and the last among them."""
    return [1 + at * (among - 1) // (count - 1) for at in range(count)]


def plant(pair: Pair, count: int = 1000, among: int = 200_000) -> list[tuple[str, ...]]:
    """Fill both tables so that ``count`` of ``among`` keys lack their parent; each key has two rows."""
    lost = planted(count, among)
    listed = ",".join(map(str, lost))
    pair.child(
        "CREATE TABLE orders.line (n bigserial, a integer);"
        f"INSERT INTO orders.line (a) SELECT g FROM generate_series(1, {among}) g, generate_series(1, 2);"
        "INSERT INTO orders.line (a) SELECT NULL FROM generate_series(1, 500)"
    )
    pair.parent(
        "CREATE TABLE users.account (id bigint PRIMARY KEY);"
        f"INSERT INTO users.account SELECT g FROM generate_series(-5000, {among + 5000}) g"
        f" WHERE g <> ALL ('{{{listed}}}')"
    )
    return [(str(key),) for key in lost]


def test_a_thousand_planted_orphans_and_nothing_else(pair: Pair) -> None:
    lost = plant(pair)
    report = pair.audit(limit=3)

    assert len(lost) == 1000
    assert pair.keys() == lost
    (checked,) = report.references
    assert (checked.state, checked.orphans, checked.orphan_rows) == (State.ORPHANS, 1000, 2000)
    assert (checked.keys, checked.dismissed, checked.unsettled) == (200_000, 0, 0)
    assert [orphan.key for orphan in checked.first] == lost[:3]
    assert codes(report) == ["orphaned_reference"]


@pytest.mark.parametrize("newer", [False, True], ids=["15-to-18", "18-to-15"])
def test_the_same_between_servers_of_different_versions(across: Callable[..., Pair], newer: bool) -> None:
    pair = across(newer=newer)
    lost = plant(pair)

    assert pair.checked().orphans == 1000
    assert pair.keys() == lost


def test_no_orphan_is_found_where_there_is_none(pair: Pair) -> None:
    plant(pair)
    pair.child("DELETE FROM orders.line WHERE a NOT BETWEEN 2 AND 199")
    report = pair.audit()
    assert (report.references[0].state, report.references[0].keys, codes(report)) == (State.CLEAN, 198, [])
    pair.child("TRUNCATE orders.line")
    empty = pair.checked()
    assert (empty.state, empty.keys) == (State.CLEAN, 0)
    pair.parent("TRUNCATE users.account")
    assert pair.checked().state is State.CLEAN
    pair.child("INSERT INTO orders.line (a) VALUES (7), (7), (NULL)")
    alone = pair.checked()
    assert (pair.keys(), alone.orphan_rows) == ([("7",)], 2)


def test_hostile_names(pair: Pair) -> None:
    for name in HOSTILE:
        hostile(pair, name)


def hostile(pair: Pair, name: str) -> None:
    """One name for everything; the remedy must work with it too."""
    pair.child_table, pair.parent_table = TableName(name, name), TableName(name + "2" if len(name) < 20 else "p", name)
    pair.columns, pair.parent_columns = (name,), (name,)
    pair.make()
    child, parent, column = ident(name, name), ident(pair.parent_table.schema, name), ident(name)
    pair.child(
        f"CREATE TABLE {child} ({column} text); INSERT INTO {child} VALUES ('x'), ($$it's \\ \"q\" %s$$), ('gone')"
    )
    pair.parent(
        f"CREATE TABLE {parent} ({column} text PRIMARY KEY); INSERT INTO {parent} VALUES ('x'), ($$it's \\ \"q\" %s$$)"
    )

    report = pair.audit()

    assert pair.keys() == [("gone",)]
    (finding,) = report.findings
    pair.child(finding.remedy)
    assert pair.checked().state is State.CLEAN


def test_keys_of_several_columns_follow_match_simple(pair: Pair) -> None:
    pair.columns, pair.parent_columns = ("b", "a"), ("tenant", "id")
    pair.child(
        "CREATE TABLE orders.line (a integer, b text);"
        "INSERT INTO orders.line SELECT g, 't' || g % 3 FROM generate_series(1, 3000) g;"
        "INSERT INTO orders.line VALUES (1, NULL), (NULL, 't1'), (NULL, NULL),"
        " (9, E'a\\tb'), (9, E'a\\nb'), (9, E'a\\\\b'), (9, ''), (9, E'\\x01'), (10, 'a'), (-1, 't0')"
    )
    pair.parent(
        "CREATE TABLE users.account (id bigint, tenant text, PRIMARY KEY (id, tenant));"
        "INSERT INTO users.account SELECT g, 't' || g % 3 FROM generate_series(1, 3000) g WHERE g <> 1500;"
        "INSERT INTO users.account VALUES (9, E'a\\tb'), (9, E'a\\\\b'), (9, E'\\x01'), (9, 'a'), (1500, 't1')"
    )

    checked = pair.checked()

    assert checked.trouble is None
    assert sorted(pair.keys()) == sorted([("t0", "1500"), ("a\nb", "9"), ("", "9"), ("a", "10"), ("t0", "-1")])
    assert checked.orphans == 5


def test_a_partitioned_child_and_a_parent_without_a_unique_index(pair: Pair) -> None:
    pair.child(
        "CREATE TABLE orders.line (a integer, day date) PARTITION BY RANGE (day);"
        "CREATE TABLE orders.line_1 PARTITION OF orders.line FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');"
        "CREATE TABLE orders.line_2 PARTITION OF orders.line FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');"
        "INSERT INTO orders.line SELECT g, date '2026-01-01' + g % 59 FROM generate_series(1, 300) g"
    )
    pair.parent(
        "CREATE TABLE users.account (id bigint);"
        "INSERT INTO users.account SELECT g FROM generate_series(1, 300) g, generate_series(1, 2)"
        " WHERE g NOT IN (5, 300)"
    )

    report = pair.audit()

    assert pair.keys() == [("5",), ("300",)]
    assert codes(report) == ["orphaned_reference", "reference_target_not_unique"]
    pair.parent("DELETE FROM users.account a USING users.account b WHERE a.id = b.id AND a.ctid < b.ctid")
    pair.parent(report.findings[1].remedy)
    pair.child(report.findings[0].remedy)
    assert codes(pair.audit()) == []
