"""What cannot be checked is said by name, with its line and a remedy that works; the rest is checked all the same."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from freehold.audit.judge import split
from freehold.audit.links import links
from freehold.audit.model import State
from freehold.finding import Level
from freehold.layouts.placement import place
from freehold.local.declaration import load
from freehold.pg.servers import PgServers
from freehold.ports import Address
from freehold.spec.model import Ignore, Reference, TableName
from support.applying import Heard
from support.references import Pair, codes

GOOD = (
    "CREATE TABLE orders.line (a int); INSERT INTO orders.line VALUES (1), (2)",
    "CREATE TABLE users.account (id int PRIMARY KEY); INSERT INTO users.account VALUES (1)",
)


@pytest.mark.parametrize(
    ("child", "parent", "code", "title"),
    [
        (None, GOOD[1], "reference_table_missing", 'there is no table "orders"."line" in database "shop_orders"'),
        (GOOD[0], None, "reference_table_missing", 'there is no table "users"."account" in database "shop_users"'),
        ("CREATE TABLE orders.line (b int)", GOOD[1], "reference_column_missing", '"orders"."line" in database'),
        (GOOD[0], "CREATE TABLE users.account (n int)", "reference_column_missing", 'has no column "id"'),
        ("CREATE VIEW orders.line AS SELECT 1 AS a", GOOD[1], "reference_not_a_table", "is a view"),
        (GOOD[0], "CREATE SEQUENCE users.account", "reference_not_a_table", "is a sequence"),
    ],
)
def test_what_is_declared_and_not_so(
    pair18: Pair, child: str | None, parent: str | None, code: str, title: str
) -> None:
    for run, text in ((pair18.child, child), (pair18.parent, parent)):
        if text:
            run(text)

    report = pair18.audit()

    (finding,) = report.findings
    assert (finding.code, finding.level, report.references[0].state) == (code, Level.ERROR, State.WRONG)
    assert title in finding.title


def test_one_wrong_reference_leaves_the_others_checked(pair18: Pair) -> None:
    pair18.child(GOOD[0] + "; CREATE TABLE orders.other (a uuid)")
    pair18.parent(GOOD[1])
    for table in ("line", "other", "missing"):
        pair18.more.append(Reference(TableName("orders", table), ("a",), TableName("users", "account"), ("id",)))
    assert [one.state for one in pair18.audit().references] == [State.ORPHANS, State.WRONG, State.WRONG]


LONG = "SELECT repeat('x', 100) || g FROM generate_series({}, 50000) g"
"""Five megabytes of keys: more than fits between a server and a client that does not read."""


def long_keys(pair: Pair) -> None:
    pair.child(f"CREATE TABLE orders.line (a text); INSERT INTO orders.line {LONG.format(1)}")
    pair.parent(f"CREATE TABLE users.account (id text); INSERT INTO users.account {LONG.format(2)}")


def test_a_statement_that_takes_too_long_is_told_and_ended(pair18: Pair) -> None:
    long_keys(pair18)
    (finding,) = pair18.audit(timeout_ms=5).findings
    assert finding.code == "reference_not_checked"
    assert "longer than --timeout" in finding.title


def test_the_timeouts_of_server_and_login_do_not_end_an_audit(pair: Pair) -> None:
    long_keys(pair)
    pair.child(f"ALTER DATABASE {pair.child_database} SET statement_timeout = 1")
    pair.parent(f"ALTER DATABASE {pair.parent_database} SET idle_in_transaction_session_timeout = 1")
    waited: list[str] = []

    def dawdle(what: str) -> None:
        if not waited:
            waited.append(what)
            time.sleep(1.3)

    pair.heard = Heard(listen=dawdle)
    servers = replace(pair.servers, statement_timeout_ms=1000)
    assert pair.checked(servers=servers).orphans == 1
    waited.clear()
    assert pair.checked(servers=servers, timeout_ms=1000).state is State.NOT_CHECKED


def lowly(pair: Pair) -> PgServers:
    """Servers whose login is neither superuser nor owner of anything."""
    pair.child("DROP ROLE IF EXISTS lowly; CREATE ROLE lowly LOGIN PASSWORD 'p'")
    return PgServers({name: replace(at, user="lowly", password="p") for name, at in pair.servers.addresses().items()})


def test_a_missing_right_is_named_with_the_grant_that_mends_it(pair18: Pair) -> None:
    pair18.child(GOOD[0])
    pair18.parent(GOOD[1])
    servers = lowly(pair18)
    (finding,) = pair18.audit(servers=servers).findings
    assert (finding.code, 'may not read "orders"."line"' in finding.title) == ("reference_not_checked", True)
    pair18.child(finding.remedy)
    (finding,) = pair18.audit(servers=servers).findings
    pair18.parent(finding.remedy)
    assert pair18.checked(servers=servers).orphans == 1


def test_a_login_that_may_act_as_the_owner_does(pair18: Pair) -> None:
    pair18.child(GOOD[0])
    pair18.parent(GOOD[1])
    servers = lowly(pair18)
    pair18.child(
        "CREATE ROLE owner1; GRANT owner1 TO lowly; ALTER ROLE lowly NOINHERIT;"
        "GRANT USAGE ON SCHEMA orders TO owner1; ALTER TABLE orders.line OWNER TO owner1"
    )
    pair18.parent("GRANT USAGE ON SCHEMA users TO lowly; GRANT SELECT ON users.account TO lowly")
    assert pair18.checked(servers=servers).orphans == 1


@pytest.mark.parametrize("side", ["child", "parent"])
def test_policies_never_hide_rows(pair: Pair, side: str) -> None:
    """A superuser passes policies; who does not is told, instead of being shown fewer rows."""
    pair.child(GOOD[0])
    pair.parent(GOOD[1])
    servers = lowly(pair)
    for run, schema in ((pair.child, "orders"), (pair.parent, "users")):
        run(f"GRANT USAGE ON SCHEMA {schema} TO lowly; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO lowly")
    table, run = ("orders.line", pair.child) if side == "child" else ("users.account", pair.parent)
    run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; CREATE POLICY none ON {table} USING (false)")
    assert pair.checked().orphans == 1
    (finding,) = pair.audit(servers=servers).findings
    assert finding.code == "reference_not_checked"
    assert "row-level security" in finding.detail


def test_a_view_that_took_the_place_of_a_table_does_not_run_in_our_session(pair: Pair) -> None:
    """Between the look at the catalogs and the reading, the owner swaps the table for a view that writes."""
    pair.child(GOOD[0] + "; CREATE TABLE public.trap (who text)")
    pair.parent(GOOD[1])

    class Swapping(PgServers):
        def admin(self, instance: str, database: str | None = None):  # type: ignore[no-untyped-def]  # a session
            if instance == "left":
                object.__setattr__(self, "opened", getattr(self, "opened", 0) + 1)
                if getattr(self, "opened", 0) == 2:
                    pair.child(
                        "DROP TABLE orders.line; CREATE FUNCTION public.bite() RETURNS int LANGUAGE plpgsql AS"
                        " 'BEGIN RAISE EXCEPTION ''bitten''; END'; CREATE VIEW orders.line AS SELECT public.bite() AS a"
                    )
            return super().admin(instance, database)

    (finding,) = pair.audit(servers=Swapping({"left": pair.child_at, "right": pair.parent_at})).findings
    assert finding.code == "reference_not_checked"
    assert "bitten" not in finding.detail


def together(server: Address) -> Pair:
    return Pair(server, server, child_database="shop", parent_database="shop").make()


def test_inside_one_database_the_answer_is_the_same(server: Address, pair: Pair) -> None:
    one = together(server)
    for each in (pair, one):
        each.columns, each.parent_columns = ("b", "a"), ("t", "id")
        each.child(
            "CREATE TABLE orders.line (a int, b text);"
            "INSERT INTO orders.line SELECT g, 't' || g % 7 FROM generate_series(1, 4000) g, generate_series(1, 2);"
            "INSERT INTO orders.line VALUES (NULL, 't1'), (9, NULL), (9, E'a\\tb'), (9, 'a')"
        )
        each.parent(
            "CREATE TABLE users.account (id numeric, t text, UNIQUE (t, id));"
            "INSERT INTO users.account SELECT g + 0.00, 't' || g % 7 FROM generate_series(1, 4000) g WHERE g % 9 <> 0"
        )
    apart, inside = pair.checked(), one.checked()
    assert apart.orphans == inside.orphans == 4000 // 9 + 2
    assert (apart.orphan_rows, pair.keys()) == (inside.orphan_rows, one.keys())
    assert (apart.parent_rows, inside.parent_rows) == (4000 - 4000 // 9, None)
    one.close()


def test_a_foreign_key_that_is_there_is_looked_at_too(server: Address) -> None:
    pair = together(server)
    pair.child(GOOD[0])
    pair.parent(GOOD[1])
    steps = []
    for text in (
        "SELECT 1",
        "ALTER TABLE orders.line ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES users.account (id) NOT VALID",
        "DELETE FROM orders.line WHERE a = 2; ALTER TABLE orders.line VALIDATE CONSTRAINT k",
        "SET session_replication_role = replica; INSERT INTO orders.line VALUES (77)",
        "DELETE FROM orders.line WHERE a = 77; ALTER TABLE orders.line DISABLE TRIGGER ALL",
    ):
        pair.child(text)
        report = pair.audit()
        steps.append(codes(report))
        for finding in report.findings:
            assert finding.level is {"reference_without_constraint": Level.INFO}.get(
                finding.code, Level.WARNING if finding.code == "reference_constraint_open" else Level.ERROR
            )
    assert steps == [
        ["orphaned_reference", "reference_without_constraint"],
        ["orphaned_reference", "reference_constraint_open"],
        [],
        ["orphaned_reference"],
        ["reference_constraint_open"],
    ]
    pair.child(report.findings[0].remedy)
    assert codes(pair.audit()) == []
    pair.close()


def test_a_foreign_key_that_is_not_enforced_is_no_protection(server18: Address) -> None:
    pair = together(server18)
    pair.child("CREATE TABLE orders.line (a int)")
    pair.parent(GOOD[1])
    pair.child("ALTER TABLE orders.line ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES users.account (id) NOT ENFORCED")
    (finding,) = pair.audit().findings
    assert "NOT ENFORCED" in finding.title
    pair.child(finding.remedy)
    assert codes(pair.audit()) == []
    pair.close()


DECLARED = """\
platform: shop
services:
  orders:
    references:
      - {from: orders.line(n), to: "users.account(id)"}

      - from: 'orders."we.ird"("a,b", c)'
        to: users.pair(x, y)
      - {from: orders.line(a), to: users.account(id)}
  users: {}
"""


def test_every_reference_knows_its_line(tmp_path: Path) -> None:
    path = tmp_path / "freehold.yaml"
    path.write_text(DECLARED)
    platform = load(path)
    found = {(link.child.table.table, link.child.columns): link for link in links(platform, place(platform))}
    assert {key: link.line for key, link in found.items()} == {
        ("line", ("n",)): 5,
        ("we.ird", ("a,b", "c")): 7,
        ("line", ("a",)): 9,
    }
    assert found["line", ("a",)].text == "{from: orders.line(a), to: users.account(id)}"


def test_a_finding_is_ignored_until_its_day(pair18: Pair) -> None:
    pair18.child(GOOD[0])
    pair18.parent(GOOD[1])
    (finding,) = pair18.audit().findings
    for until, kept in (("", 0), ("2026-03-01", 0), ("2026-02-28", 1)):
        ignore = Ignore(finding.key, "known", until)
        assert len(split([finding], [ignore], "2026-03-01")[0]) == kept
    assert len(split([finding], [Ignore(finding.key + "x", "other")], "2026-03-01")[0]) == 1
