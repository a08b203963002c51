"""What couples tables is found in keys, views, functions and statements, and boundaries are the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.discover.live.boundaries import boundaries
from freehold.discover.live.clients import application, called
from freehold.discover.live.coupling import CROWD, Edge, Graph, Tie, graph, words_of
from freehold.discover.live.model import (
    Dependency,
    Key,
    LiveContents,
    LiveDatabase,
    LiveServer,
    LiveTable,
    Routine,
    Statement,
)
from freehold.discover.live.statements import Touched, touched
from freehold.discover.sqlparse import effects
from freehold.found.model import Database, Role, Server
from freehold.spec.tables import TableName
from freehold.sqlbodies import pieces_of

SOAK = os.environ.get("FREEHOLD_SOAK") == "1"


def t(name: str) -> TableName:
    schema, _, table = name.rpartition(".")
    return TableName(schema or "public", table)


def contents(*names: str, **more: object) -> LiveContents:
    tables = tuple(LiveTable(t(name), "TABLE", "owner") for name in names)
    return LiveContents(tables=tables, **more)  # type: ignore[arg-type]


def drawn(inside: LiveContents, *statements: Statement, server: Server | None = None) -> Graph:
    known = server or Server("main", 180000, "me", True, False, "postgres")
    live = LiveServer("here", known, {"d": LiveDatabase("d", "o", contents=inside)}, statements=statements or None)
    return graph(live, "d", inside, spaces=False)


def ties(found: Graph) -> dict[tuple[str, str], set[Tie]]:
    seen: dict[tuple[str, str], set[Tie]] = {}
    for edge in found.edges:
        seen.setdefault((edge.a.table, edge.b.table), set()).add(edge.tie)
    return seen


def test_a_key_to_what_everybody_refers_to_says_little() -> None:
    keys = tuple(Key(f"k{n}", t(f"c{n}"), ("a",), t("account"), ("id",)) for n in range(3))
    part = Key("p", t("item"), ("a",), t("order"), ("id",), part=True)
    found = drawn(contents("account", "c0", "c1", "c2", "item", "order", keys=(*keys, part)))
    assert {(edge.b.table if edge.a.table == "account" else edge.a.table, edge.weight) for edge in found.edges} == {
        ("c0", 1.0),
        ("c1", 1.0),
        ("c2", 1.0),
        ("item", 3.0),
    }


def test_a_view_over_a_view_ties_the_tables_below() -> None:
    needs = (
        Dependency("VIEW", t("v1"), t("a")),
        Dependency("VIEW", t("v1"), t("b")),
        Dependency("VIEW", t("v2"), t("v1")),
        Dependency("VIEW", t("v2"), t("c")),
        Dependency("VIEW", t("loop"), t("loop")),
    )
    assert ties(drawn(contents("a", "b", "c", dependencies=needs))) == {
        ("a", "b"): {Tie.VIEW},
        ("a", "c"): {Tie.VIEW},
        ("b", "c"): {Tie.VIEW},
    }


BODY = """
DECLARE total numeric; "we;ird" text := 'SELECT 1 FROM nothing;';
BEGIN
  -- SELECT * FROM comment;
  SELECT sum(l.price) INTO STRICT new.total, total FROM line l JOIN "or""der" o USING (id) WHERE l.x = new.id;
  IF EXISTS (SELECT FROM refund r WHERE r.id = new.id) AND NOT (SELECT closed FROM ledger LIMIT 1) THEN
    UPDATE stock SET n = CASE WHEN n > 1 THEN n - 1 ELSE (SELECT max(m) FROM spare) END RETURNING n INTO total;
  ELSE
    PERFORM pg_notify('x', id::text) FROM outbox;
  END IF;
  FOR r IN WITH c AS (SELECT * FROM inner_table) SELECT * FROM c LOOP
    INSERT INTO audit (id) VALUES (r.id) ON CONFLICT DO NOTHING RETURNING id INTO total;
  END LOOP;
  CASE total WHEN 1 THEN DELETE FROM one; ELSE DELETE FROM many; END CASE;
  EXECUTE format('DELETE FROM %I', tg_argv[0]);
  RETURN QUERY SELECT * FROM answer;
END;
"""


def test_the_sql_inside_a_body_is_cut_out_whole() -> None:
    body = pieces_of(BODY)
    found = [touched(piece) for piece in body.pieces]
    assert None not in found, body.pieces
    reads = {name for one in found for item in one or () for _, name in item.reads}
    writes = {name for one in found for item in one or () for _, name in item.writes}
    assert reads == {"line", 'or"der', "refund", "ledger", "spare", "outbox", "inner_table", "answer"}
    assert writes == {"stock", "audit", "one", "many"}
    assert body.dynamic == 1


def test_a_body_that_nobody_can_read_is_counted() -> None:
    assert not pieces_of("BEGIN SELECT 'open").readable
    routine = Routine("public", "f", "plpgsql", "o", "BEGIN SELECT 'open")
    found = drawn(contents("a", routines=(routine, Routine("public", "g", "sql", "o", "SELECT FROM FROM"))))
    assert (found.unparsed, found.edges) == (2, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1 FROM a, s.b", Touched((("", "a"), ("s", "b")))),
        ("INSERT INTO a SELECT * FROM b", Touched((("", "b"),), (("", "a"),))),
        ("WITH a AS (DELETE FROM b RETURNING *) SELECT * FROM a JOIN c ON true", Touched((("", "c"),), (("", "b"),))),
        ("MERGE INTO a USING b ON a.x = $1 WHEN MATCHED THEN DELETE", Touched((("", "b"),), (("", "a"),))),
        ("UPDATE a SET x = $1 FROM b WHERE a.y IN (SELECT y FROM c)", Touched((("", "b"), ("", "c")), (("", "a"),))),
        ('SELECT FROM "A B"."c""d"', Touched((("A B", 'c"d'),))),
    ],
)
def test_what_a_statement_touches(text: str, expected: Touched) -> None:
    assert touched(text) == (expected,)


def test_what_is_no_statement_about_data_touches_nothing() -> None:
    assert touched("CREATE TABLE a (); VACUUM b; SET x = 1") == ()
    assert touched("SELEC 1") is None
    assert touched("SELECT \udcff") is None


@pytest.mark.parametrize("many", [1_000, 19_000, 120_000])
def test_a_statement_that_nests_without_end_is_no_statement(many: int) -> None:
    # a plain loop over these ended the process before there was a limit
    for text in (
        "SELECT 1" + "+1" * many,
        "SELECT 1" + "+f(1,1)" * many,
        "SELECT " + "f(1," * many + "1" + ")" * many,
        "SELECT " + "(" * many + "1" + ")" * many,
        " UNION ".join(["SELECT 1"] * min(many, 10_000)),
    ):
        touched(text)
        for piece in pieces_of(f"BEGIN {text}; END").pieces:
            touched(piece)
        effects(text)
        effects(f"CREATE VIEW v AS {text}")
    assert touched("SELECT 1" + "+1" * many) is None
    # and one that is only long is read
    assert touched("SELECT 1 FROM a WHERE b IN (" + "1," * 50_000 + "1)") == (Touched((("", "a"),)),)


@settings(max_examples=2000 if SOAK else 60)
@given(st.text(max_size=80) | st.lists(st.sampled_from(BODY.split()), max_size=40).map(" ".join))
def test_no_text_breaks_the_cutting(text: str) -> None:
    for piece in pieces_of(text).pieces:
        touched(piece)


def test_names_in_statements_are_found_as_the_login_would() -> None:
    inside = contents("one.t", "two.t", "one.u", "two.w", "public.x")
    roles = {
        "a": Role("a", login=True, settings=(("search_path", 'two, "$user", public'),)),
        "b": Role("b", login=True),
    }
    database = Database("d", "o", "UTF8", "C", "C", -1, False, True, frozenset(), (("", "search_path", "one"),))
    server = Server("main", 180000, "me", True, False, "postgres", roles=roles, databases={"d": database})

    def tied(login: str, text: str) -> set[tuple[str, str]]:
        found = drawn(inside, Statement("d", login, text, 1), server=server)
        return {(edge.a.schema + "." + edge.a.table, edge.b.schema + "." + edge.b.table) for edge in found.edges
                if edge.tie is Tie.STATEMENT}  # fmt: skip

    assert tied("a", "SELECT FROM t JOIN x ON true") == {("public.x", "two.t")}
    assert tied("b", "SELECT FROM t JOIN x ON true") == {("one.t", "public.x")}
    # only one schema has it, so nothing else can be meant
    assert tied("b", "SELECT FROM w JOIN u ON true") == {("one.u", "two.w")}
    assert tied("b", "SELECT FROM pg_class JOIN gone ON true") == set()


def test_statements_weigh_by_how_often_they_are_called() -> None:
    inside = contents("a", "b", "c")
    found = drawn(
        inside,
        Statement("d", "x", "SELECT FROM a JOIN b ON true", 10_000),
        Statement("d", "x", "SELECT FROM b JOIN c ON true", 1),
        Statement("other", "x", "SELECT FROM a JOIN c ON true", 1),
    )
    weights = {(edge.a.table, edge.b.table): (edge.weight, edge.calls) for edge in found.edges}
    assert weights == {("a", "b"): (3.0, 10_000), ("b", "c"): (1.0, 1)}


def test_a_statement_about_everything_says_nothing() -> None:
    names = [f"t{n}x" for n in range(CROWD + 1)]
    text = "SELECT FROM " + ", ".join(names)
    assert not [e for e in drawn(contents(*names), Statement("d", "x", text, 1)).edges if e.tie is Tie.STATEMENT]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("payroll_runs", ("payroll", "run")), ("PayrollRun", ("payroll", "run")), ("address", ("address",)),
     ("HTTPLogs2", ("http", "log", "2")), ("__", ()), ("größen", ("größen",))],
)  # fmt: skip
def test_words_of_a_name(name: str, expected: tuple[str, ...]) -> None:
    assert words_of(name) == expected


def two_services() -> Graph:
    def edge(a: str, b: str, weight: float = 3, tie: Tie = Tie.KEY) -> Edge:
        one, other = sorted((t(a), t(b)))
        return Edge(one, other, tie, weight, f"{a} to {b}")

    edges = (edge("order", "line"), edge("order", "parcel"), edge("line", "parcel"), edge("invoice", "payment"),
             edge("invoice", "refund"), edge("payment", "refund"), edge("invoice", "order", 0.5))  # fmt: skip
    names = ("alone", "invoice", "line", "order", "parcel", "payment", "refund")
    return Graph("d", tuple(t(name) for name in names), tuple(sorted(edges)))


def test_boundaries_say_what_they_would_cut() -> None:
    found = boundaries(two_services())
    assert {frozenset(table.table for table in one.tables) for one in found.proposals} == {
        frozenset({"order", "line", "parcel"}),
        frozenset({"invoice", "payment", "refund"}),
    }
    assert [table.table for table in found.unplaced] == ["alone"]
    (cut,) = found.cuts
    assert cut.edge.evidence == "invoice to order"
    assert all(one.cuts == found.cuts for one in found.proposals)
    assert all(one.cohesion == pytest.approx(9 / 9.5, abs=0.001) for one in found.proposals)


def test_without_ties_nothing_is_proposed() -> None:
    found = boundaries(Graph("d", (t("a"), t("b")), ()))
    assert (found.proposals, found.cuts, len(found.unplaced)) == ((), (), 2)


@settings(max_examples=500 if SOAK else 25)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 5)), max_size=40), st.randoms())
def test_every_tied_table_is_in_one_proposal_whatever_the_order(
    pairs: Iterable[tuple[int, int, int]],
    random: st.randoms,  # type: ignore[valid-type]
) -> None:
    edges = [Edge(t(f"t{min(a, b):02}"), t(f"t{max(a, b):02}"), Tie.KEY, w, "x") for a, b, w in pairs if a != b]
    tables = tuple(t(f"t{n:02}") for n in range(13))
    found = boundaries(Graph("d", tables, tuple(sorted(edges))))
    placed = [table for one in found.proposals for table in one.tables]
    assert sorted([*placed, *found.unplaced]) == sorted(tables)
    assert len({one.name for one in found.proposals}) == len(found.proposals)
    random.shuffle(edges)  # type: ignore[attr-defined]
    again = boundaries(Graph("d", tables, tuple(edges)))
    assert [one.tables for one in again.proposals] == [one.tables for one in found.proposals]


def test_another_process_proposes_the_same() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from discover.test_coupling import two_services;"
        "from freehold.discover.live.boundaries import boundaries; print(boundaries(two_services()))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parents[1])],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("psql", ""), ("pgAdmin 4 - DB:shop", ""), ("PostgreSQL JDBC Driver", ""), ("", ""), ("orders-service", "orders"),
     ("orders-7f9c6b9d4-x2k4p", "orders"), ("billing-2", "billing"), ("pg_dump", ""), ('we"ird\n', 'we"ird')],
)  # fmt: skip
def test_what_an_application_calls_itself(name: str, expected: str) -> None:
    assert application(name) == expected


def test_a_name_never_vanishes() -> None:
    assert [called(name) for name in ("app", "_app", "orders_app", "orders-svc-rw", "")] == [
        "app",
        "_app",
        "orders",
        "orders",
        "",
    ]
