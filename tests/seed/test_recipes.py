"""What is wrong in a recipe is said at its line and column, with the nearest word; nothing is ever a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.seed.defaults import Around, default
from freehold.seed.model import Check, ForeignKey, Kind, Partitions
from freehold.seed.moments import parse_moment
from freehold.seed.order import circular, ordered
from freehold.seed.plan import digest
from freehold.seed.recipe import problems, read_recipe
from freehold.seed.sizes import sizes
from freehold.spec.model import TableName
from support.seeding import HERE, column, complaints, drawn, makers, one, table

T = TableName


def said(text: str, *columns: object) -> list[str]:
    """The complaints about a recipe of table s.t with columns a (text), n (int4), at (timestamptz)."""
    cols = [column("a"), column("n", "int4"), column("at", "timestamptz"), column("u", "uuid")]
    made = makers(text, [table("s.t", cols, [["n"]]), table("s.p", [column("id", "int8")], [["id"]])], 10)
    for name in sorted(made.tables):
        found = made.of(name)
        assert found is not None
        found.copied()
    return complaints(made)


def columns(line: str) -> str:
    return f"tables:\n  s.t:\n    columns:\n      {line}\n"


CASES: list[tuple[str, str, str]] = [
    ("tabels: {}", '1:1: unknown key "tabels"', 'Did you mean "tables"?'),
    ("tables: {s: {}}", '1:10: "s" names no single table', "Write schema.table."),
    ("tables: {s.t: {colums: {}}}", '1:16: unknown key "colums"', 'Did you mean "columns"?'),
    (columns("a: emial"), '4:10: there is no draw "emial"', 'Did you mean "email"?'),
    (columns("a: {normal: {maen: 3}}"), '4:20: normal has no key "maen"', 'Did you mean "mean"?'),
    (columns("aa: email"), '4:7: table "s"."t" has no column "aa"', 'Did you mean "a"?'),
    (columns("n: {normal: {mean: much}}"), '4:26: "much" is no mean of normal', "Write a number"),
    (columns("n: {boolean: 2}"), '4:20: "2" is no probability of boolean', "from 0 to 1"),
    (columns("n: {uuid: 5}"), '4:17: "5" is no version of uuid', "Write one of 4, 7."),
    (columns("u: city"), "", ""),
    (columns("u: {normal: 3}"), '4:19: column "u" is uuid and cannot hold numbers', "fits the column's type"),
    (columns("n: {choice: []}"), "4:11: a choice needs values", "Write {choice"),
    (columns("n: {choice: {a: x}}"), '4:23: "x" is no weight', "Write a number"),
    (columns("n: {choice: {a: 0}}"), "all weights are 0", "Give one value a weight"),
    (columns("n: {email: {}, city: {}}"), "a column has one draw, not 2: email, city", "docs/draws.md"),
    (columns("n: {city: {}, nulls: 3}"), '"3" is no share', "nulls: 0.2"),
    (columns("n: {foreign: s.q(id)}"), 'there is no table "s"."q" to refer to', "Name a table"),
    (columns("n: {foreign: s.p(no)}"), 'column "no" of "s"."p" is not drawn', "Give it a draw"),
    (columns("n: {foreign: s.p}"), '"s.p" is not a table with one column', "schema.table(column)"),
    (columns("n: {foreign: {to: s.p(id), each: 1, once: true}}"), "each and once exclude each other", "Keep one"),
    (columns("n: {foreign: {to: s.p(id), each: 0}}"), '"0" is no each of foreign', "whole number"),
    (columns("n: {position: a}"), '"a" is no foreign column with a fan-out', "foreign draw with each"),
    (columns("at: {timestamp: {from: soon}}"), '"soon" is no moment', "2026-01-31"),
    (columns("at: {timestamp: {from: 2026-01-01, to: 2026-01-01}}"), "shorter than a second", "from and to"),
    (columns("at: {timestamp: {daily: [1, 2]}}"), "daily is no list of 24 weights", "24 whole numbers"),
    (columns("at: {timestamp: {weekly: weekday}}"), '"weekday" is no weekly', 'Did you mean "weekdays"?'),
    (columns("a: {expression: b + 1}"), 'there is no column "b"', "Write text in quotes"),
    (columns("a: {expression: n.id}"), '"n" is no foreign column', "foreign draw"),
    (columns("a: {expression: at * 2}"), "moments * whole numbers gives nothing", "add up"),
    (columns("a: {expression: rond(n)}"), 'there is no function "rond"', 'Did you mean "round"?'),
    (columns("a: {expression: \"__import__('os')\"}"), "there is no function", ""),
    (columns('a: {expression: "[x for x in (1,)]"}'), "cannot hold ListComp", ""),
    (columns("a: {expression: \"'x'.join\"}"), "cannot hold Attribute", ""),
    (columns("a: {expression: n +}"), "this is no expression", "brackets"),
    (columns("a: {template: '{b}'}"), 'there is no column "b" to put in', ""),
    (columns("a: {expression: a}"), "columns are computed from each other: a -> a", "without the others"),
    (columns("a: {text: 9..2}"), '"9..2" is no words of text', "1..5"),
    (columns("a: enum"), "neither the column's type nor a CHECK names its values", "choice"),
    (columns("a: {array: {length: 3}}"), "an array needs a draw for its elements", "of: DRAW"),
    ("window: {from: 2026-02-01, to: 2026-01-01}", "the window is shorter than an hour", "from before to"),
    ("others: some", "others is a weight, or keep", ""),
    ("tables: {s.t: {rows: many}}", "rows is a weight, {exactly: N}, or {per: SCHEMA.TABLE}", ""),
    ("tables: {s.t: {let: {a: email}}}", 'helper "a" has the name of a column', "another name"),
    ("tables:\n\t s.t: 3", "not YAML", ""),
    ("- 1", "a recipe is a mapping of keys", ""),
]


@pytest.mark.parametrize(("text", "message", "hint"), CASES, ids=[message or text for text, message, _ in CASES])
def test_what_is_wrong_is_said_at_its_place(text: str, message: str, hint: str) -> None:
    found = said(text)
    if not message:
        assert found == []
        return
    assert any(message in complaint and hint in complaint for complaint in found), found
    assert len(found) == 1, found


@given(
    st.text(max_size=200)
    | st.recursive(
        st.sampled_from(["a", "n", "email", "normal", "choice", "1..3", "s.p(id)", "a + n", "", "0.5", "null", "-1"]),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(
                    [
                        "s.t",
                        "columns",
                        "a",
                        "n",
                        "normal",
                        "choice",
                        "foreign",
                        "to",
                        "rows",
                        "per",
                        "json",
                        "array",
                        "of",
                        "expression",
                        "timestamp",
                        "from",
                        "nulls",
                        "let",
                        "text",
                        "words",
                    ]
                ),
                inner,
                max_size=4,
            )
            | st.lists(inner, max_size=3)
        ),
        max_leaves=8,
    ).map(lambda found: "tables: " + repr(found))
)
def test_whatever_stands_in_the_file_it_is_a_recipe_or_a_complaint(text: str) -> None:
    said(text)


def test_rows_are_divided_by_weight_and_counted_from_other_tables() -> None:
    text = """
tables:
  s.a: {rows: 3}
  s.b: {rows: 1}
  s.fixed: {rows: {exactly: 7}}
  s.child:
    rows: {per: s.a, times: 2}
  s.fanned:
    rows: {per: s.a}
    columns: {a: {foreign: {to: s.a(id), fan: 1..3}}}
  s.kept: keep
"""
    recipe = read_recipe("seed.yaml", text, {})
    names = [T("s", name) for name in ("a", "b", "fixed", "child", "fanned", "kept", "unnamed")]
    kept = frozenset({T("s", "kept")})
    found = sizes(recipe, names, kept, 100_000, "1")
    assert problems(recipe) == ()
    assert found[T("s", "fixed")] == 7
    assert found[T("s", "kept")] == 0
    assert found[T("s", "child")] == 2 * found[T("s", "a")]
    assert found[T("s", "a")] == pytest.approx(3 * found[T("s", "unnamed")], rel=0.001)
    assert Fraction(found[T("s", "fanned")], found[T("s", "a")]) == pytest.approx(1.636, rel=0.01)
    assert sum(found.values()) == pytest.approx(100_007, rel=0.001)
    assert min(sizes(recipe, names, kept, 1, "1")[name] for name in names[:5]) >= 1


def test_tables_that_are_counted_in_a_circle_are_a_complaint() -> None:
    recipe = read_recipe("seed.yaml", "tables: {s.a: {rows: {per: s.b}}, s.b: {rows: {per: s.a}}}", {})
    sizes(recipe, [T("s", "a"), T("s", "b")], frozenset(), 100, "1")
    assert "circle" in problems(recipe)[0].message


def test_a_fan_takes_as_many_rows_as_it_has_and_one_more_is_a_complaint() -> None:
    text = "tables: {s.t: {rows: {per: s.p}, columns: {n: {foreign: {to: s.p(id), fan: 1..9}}}}}"
    tables = [table("s.t", [column("n", "int8")]), table("s.p", [column("id", "int8")], [["id"]])]
    for parents in (1, 3, 10, 1023, 1024, 1025, 5000):
        recipe = read_recipe("seed.yaml", text + "  # " + str(parents), {})
        shares = read_recipe("seed.yaml", f"{text[:-1]}, s.p: {{rows: {{exactly: {parents}}}}}}}", {})
        fits = sizes(shares, [T("s", "p"), HERE], frozenset(), 1, "1")[HERE]
        assert problems(recipe) == problems(shares) == ()
        for count, wrong in ((fits, 0), (fits + 1, 1)):
            made = makers(text, tables, {"s.t": count, "s.p": parents})
            maker = made.of(HERE)
            assert maker is not None
            maker.copied()
            assert len(complaints(made)) == wrong, (parents, count)
        whole = makers(text, tables, {"s.t": fits, "s.p": parents}).of(HERE)
        assert whole is not None
        assert set(whole.values("n", range(fits))) == set(range(1, parents + 1))


def test_the_same_bytes_whatever_the_hash_seed_and_however_they_are_cut() -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "import hashlib\n"
        "from support.seeding import *\n"
        "text = open('bench/measures/seed_against_raw_copy.py').read()\n"
        "text = text.split('_RECIPE = ' + chr(34) * 3)[1].split(chr(34) * 3)[0]\n"
        "def cols(names): return [column(*name.split(':')) for name in names.split()]\n"
        "tables = [\n"
        "  table('shop.account', cols('id:int8 email full_name country:bpchar created_at:timestamptz'), [['id']]),\n"
        "  table('shop.tick', cols('at:timestamptz symbol price:numeric size:int4 venue')),\n"
        "  table('shop.purchase', cols('id:uuid account_id:int8 status amount:numeric placed_at:timestamptz note')),\n"
        "]\n"
        "made = makers(text, tables, 5000)\n"
        "step = int(sys.argv[1])\n"
        "for t in tables:\n"
        "    one = made.of(t.name)\n"
        "    data = b''.join(one.block(range(at, min(at + step, 5000))) for at in range(0, 5000, step))\n"
        "    print(t.name.table, hashlib.sha256(data).hexdigest())\n"
        "assert complaints(made) == []\n"
    )
    seen = set()
    for hash_seed, step in (("0", "5000"), ("1", "777"), ("4242", "2048")):
        done = subprocess.run(
            [sys.executable, "-c", script, step],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(done.stdout)
    assert len(seen) == 1
    assert len(next(iter(seen)).splitlines()) == 3


def around(*named: str) -> Around:
    return Around({}, frozenset(), frozenset(named))


@pytest.mark.parametrize(
    ("found", "draw"),
    [
        (column("id", "int8", identity="a"), "sequence"),
        (column("id", "uuid", default="gen_random_uuid()"), "uuid"),
        (column("work_email"), "email"),
        (column("phone", length=20), "text"),
        (column("country", "bpchar", length=2), "country"),
        (column("kind", labels=("x", "y")), "enum"),
        (column("active", "bool", default="true"), "boolean"),
        (column("settled_on", "date"), "timestamp"),
        (column("amount", "numeric", precision=12, scale=2), "money"),
        (column("share", "numeric", precision=5, scale=4), "uniform"),
        (column("score", "float8"), "normal"),
        (column("n", "int2"), "uniform"),
        (column("body"), "text"),
        (column("tags", "_text", element="text"), "array"),
        (column("at", "inet"), "ip"),
        (column("odd", "point", required=False), "nothing"),
        (column("odd", "point"), ""),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_column_that_is_not_named_gets_a_draw_that_fits(found: object, draw: str) -> None:
    spec = default(table("s.t", [found]), found, around())  # type: ignore[list-item,arg-type]
    assert spec is not None
    assert spec.draw == draw


def test_what_the_server_fills_is_left_to_it() -> None:
    for left in (
        column("w", "tsvector", generated=True),
        column("m", "jsonb", default="'{}'"),
        column("n", "int4", default="0"),
    ):
        assert default(table("s.t", [left]), left, around()) is None


def test_checks_are_read_as_the_server_writes_them() -> None:
    from freehold.seed.checks import after, allowed, bounds

    def with_check(text: str, *names: str):
        cols = [column("a", "int4"), column("b"), column("since", "date"), column("until", "date"), column('o"d d')]
        return table("s.t", cols, checks=[Check("c", names, text)]), cols

    for text in (
        "CHECK ((b = ANY (ARRAY['x'::text, 'it''s'::text])))",
        "CHECK (((b)::text = ANY ((ARRAY['x'::character varying, 'it''s'::character varying])::text[])))",
    ):
        made, cols = with_check(text, "b")
        assert allowed(made, cols[1]) == ("x", "it's")
    made, cols = with_check("CHECK ((a = ANY (ARRAY[1, 2, '-3'::integer])))", "a")
    assert allowed(made, cols[0]) in (("1", "2", "-3"), ("-3",))
    made, cols = with_check("CHECK (((a >= 1) AND (a <= 5)))", "a")
    assert (bounds(made, cols[0]).low, bounds(made, cols[0]).high) == (1, 5)
    made, cols = with_check("CHECK ((a > 0))", "a")
    assert bounds(made, cols[0]).open_low
    made, cols = with_check("CHECK (((a > 0) OR (a < '-5'::integer)))", "a")
    assert bounds(made, cols[0]).low is None
    made, cols = with_check("CHECK ((until > since))", "since", "until")
    assert after(made, cols[3]) == "since"
    assert after(made, cols[2]) == ""


def test_keys_of_several_columns_get_combinations_that_never_come_twice() -> None:
    parents = [table(f"s.{name}", [column("id", "int8")], [["id"]]) for name in ("p", "q")]
    to = {name: ForeignKey(f"{name}_fk", (name,), T("s", name), ("id",)) for name in ("p", "q")}
    channel = Check("c", ("channel",), "CHECK ((channel = ANY (ARRAY['a'::text, 'b'::text, 'c'::text])))")
    number, name = column("number", "int4"), column("channel")
    p, q = column("p", "int8"), column("q", "int8")
    for cols, foreign in (
        ([p, q], [to["p"], to["q"]]),
        ([p, number], [to["p"]]),
        ([p, name], [to["p"]]),
        ([p, q, name], [to["p"], to["q"]]),
        ([name, column("version", "int4")], []),
    ):
        one = table("s.t", cols, [[c.name for c in cols]], foreign, [channel])
        made = makers("", [one, *parents], {"s.t": 120, "s.p": 40, "s.q": 40})
        maker = made.of(HERE)
        assert maker is not None
        assert len(maker.copied()) == len(cols)
        rows = set(zip(*(maker.values(c.name, range(120)) for c in cols), strict=True))
        assert complaints(made) == []
        assert len(rows) == 120, [c.name for c in cols]


def test_circles_of_foreign_keys_are_found_and_left_open_where_null_is_allowed() -> None:
    a = table(
        "s.a",
        [column("id", "int8"), column("b", "int8", required=False)],
        [["id"]],
        [ForeignKey("f", ("b",), T("s", "b"), ("id",))],
    )
    b = table(
        "s.b", [column("id", "int8"), column("a", "int8")], [["id"]], [ForeignKey("g", ("a",), T("s", "a"), ("id",))]
    )
    itself = table(
        "s.c", [column("id", "int8"), column("up", "int8")], [["id"]], [ForeignKey("h", ("up",), T("s", "c"), ("id",))]
    )
    assert circular([a, b, itself]) == {(T("s", "a"), "f"), (T("s", "b"), "g")}
    spec = default(a, a.columns[1], Around({}, circular([a, b]), frozenset()))
    assert spec is not None
    assert spec.draw == "nothing"
    order, circle = ordered(
        {T("s", "b"): frozenset({T("s", "a")}), T("s", "a"): frozenset(), T("s", "c"): frozenset({T("s", "c")})}
    )
    assert (order, circle) == ([T("s", "a"), T("s", "c"), T("s", "b")], [])
    assert ordered({T("s", "a"): frozenset({T("s", "b")}), T("s", "b"): frozenset({T("s", "a")})})[1] == [
        T("s", "a"),
        T("s", "b"),
    ]


def test_moments_of_a_partitioned_column_lie_within_its_partitions() -> None:
    from dataclasses import replace

    ranges = tuple((parse_moment(f"2025-03-{day:02d}"), parse_moment(f"2025-03-{day + 2:02d}")) for day in (1, 3, 20))
    cut = replace(table("s.t", [column("at", "timestamptz")]), partitions=Partitions("at", ranges, rest=False))
    made = makers("", [cut]).of(HERE)
    assert made is not None
    found = [int(str(value)) for value in made.values("at", range(100))]
    assert parse_moment("2025-03-01") <= min(found) <= max(found) < parse_moment("2025-03-05")
    wrong = makers(columns("at: {timestamp: {from: 2025-03-01, to: 2025-04-01}}"), [cut])
    assert wrong.of(HERE).copied() == ()  # type: ignore[union-attr]
    assert "fall into no partition" in complaints(wrong)[0]
    rest = replace(cut, partitions=Partitions("at", ranges, rest=True))
    allowed = makers(columns("at: {timestamp: {from: 2025-03-01, to: 2025-04-01}}"), [rest])
    assert allowed.of(HERE).copied()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "kind", "first"),
    [
        ("1 + 2 * 3", Kind.INTEGER, 7),
        ("7 / 2", Kind.NUMBER, 3.5),
        ("7 // 2 + 7 % 4", Kind.INTEGER, 6),
        ("'a' + text(row)", Kind.TEXT, "a1"),
        ("n if n > 3 else -n", Kind.INTEGER, -1),
        ("n == 1 and not n > 1 or false", Kind.TRUTH, True),
        ("0 < n <= 1", Kind.TRUTH, True),
        ("at + hours(2) - at", Kind.SPAN, 7_200_000_000),
        ("in_seconds(minutes(1.5))", Kind.NUMBER, 90.0),
        ("day(at) == at", Kind.TRUTH, False),
        ("weekday(moment('2026-01-05'))", Kind.INTEGER, 1),
        ("coalesce(hole, n, 5)", Kind.INTEGER, 1),
        ("hole + 1", Kind.INTEGER, None),
        ("hole == null", Kind.TRUTH, True),
        ("null if n == 1 else n", Kind.INTEGER, None),
        ("none if n == 2 else n", Kind.INTEGER, 1),
        ("round(2.345, 2)", Kind.NUMBER, 2.35),
        ("max(n, 2.5)", Kind.NUMBER, 2.5),
        ("digits(n, 4)", Kind.TEXT, "0001"),
        ("left(upper('abc'), 2)", Kind.TEXT, "AB"),
        ("column('odd name')", Kind.TEXT, "x"),
        ("random >= 0 and random < 1 and random(1) != random(2)", Kind.TRUTH, True),
    ],
)
def test_an_expression_gives_what_it_says(text: str, kind: Kind, first: object) -> None:
    recipe = f"""
tables:
  s.t:
    let:
      n: sequence
      at: {{timestamp: {{from: 2026-01-01 12:00, to: 2026-01-01 13:00}}}}
      hole: {{uniform: {{}}, nulls: 1}}
      none: nothing
      odd name: {{constant: x}}
      result: {{expression: {text!r}}}
"""
    made = makers(recipe, [table("s.t", [column("x")])])
    maker = made.of(HERE)
    assert maker is not None
    found = maker.drawn("result")
    assert complaints(made) == []
    assert found is not None
    assert found.kind is kind
    assert maker.values("result", range(3))[0] == (pytest.approx(first) if isinstance(first, float) else first)


def test_the_digest_of_a_table_changes_with_all_that_its_rows_depend_on() -> None:
    def of(text: str, base: str = "int4", anchor: int = 0) -> str:
        return digest(read_recipe("seed.yaml", text, {}, anchor), table("s.t", [column("a", base)]))

    same = columns("a: {uniform: {to: 5}}")
    assert of(same) == of(same)
    assert of(same) == of("# a comment\n" + same)
    assert (
        len({of(same), of(columns("a: {uniform: {to: 6}}")), of(same, "int8"), of("window: {to: 2027-01-01}\n" + same)})
        == 4
    )
    relative = columns("a: {timestamp: {from: -30d, to: today}}")
    assert of(relative, anchor=parse_moment("2026-01-01")) != of(relative, anchor=parse_moment("2026-01-02"))
    assert of(same, anchor=1) == of(same, anchor=2)


def test_relative_moments_count_from_the_anchor() -> None:
    anchor = parse_moment("2026-05-10")
    recipe = read_recipe("seed.yaml", "window: {from: -30d 12h, to: today}", {}, anchor)
    assert recipe.window.end == anchor
    assert recipe.window.start == parse_moment("2026-04-09 12:00")
    assert problems(recipe) == ()


def test_values_are_written_as_copy_reads_them() -> None:
    rows = one('{choice: ["a\\tb", "c\\\\d", "e\\nf"]}', 60).block(range(60)).decode().split("\n")
    assert set(rows) == {"a\\tb", "c\\\\d", "e\\nf", ""}
    assert one("nothing", 2).block(range(2)) == b"\\N\n\\N\n"
    assert one("{bytes: 2}", 1, "bytea").block(range(1)).startswith(b"\\\\x")
    assert one("{constant: true}", 1, "bool").block(range(1)) == b"t\n"
    moment = "{timestamp: {from: 1969-12-31 23:59:59, to: 1970-01-01, step: 1s}}"
    assert one(moment, 1, "timestamptz").block(range(1)) == b"1969-12-31 23:59:59.000000+00\n"
    assert one(moment, 1, "date").block(range(1)) == b"1969-12-31\n"
    assert one(moment, 1, "time").block(range(1)) == b"23:59:59.000000\n"
    assert drawn("{money: {median: 3, charm: 1}}", 50, "numeric", scale=2)[0] in (
        0.99,
        1.99,
        2.99,
        3.99,
        4.99,
        5.99,
        6.99,
        7.99,
    )
