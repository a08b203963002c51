"""Every draw: its example works, its keys are documented, rows can be made alone, and two runs make the same."""

from __future__ import annotations

import json
import re
import uuid as uuids
from collections import Counter
from itertools import pairwise

import pytest
import yaml

from freehold import family
from freehold.seed.draws._kind import Draw
from freehold.seed.maker import DRAWS
from freehold.seed.model import Size
from freehold.seed.stream import Stream
from freehold.spec.model import TableName
from support.seeding import HERE, column, complaints, drawn, makers, one, table

# what these draws make is the same on every machine: whoever changes it counts ROWS_VERSION up
BITS = [3359425476253128481, 6129255386112350587, 12883553301671060432]
NORMAL = b"8.35\n13.57\n11.29\n13.67\n"
EMAILS = b"ali.fischer1@example.org\nsamuel.carvalho2@example.net\njoana.rodriguez3@example.org\n"

NAMES = list(family.members(DRAWS, Draw))
PARENTS = [
    table(f"{name}", [column("id", "int8"), column("note")], [["id"]])
    for name in ("users.account", "trading.instrument", "orders.purchase", "users.profile")
]


def example(name: str) -> dict[str, object]:
    """The columns of a draw's example."""
    page = family.page(DRAWS, name)
    found = yaml.safe_load(page[page.index("Example:") :].partition("\n")[2])
    assert isinstance(found["columns"], dict)
    return found["columns"]


def bound(name: str, seed: str = "1"):
    columns = example(name)
    cols = [column(n, "text", labels=("a", "b", "c") if n in ("status", "level") else ()) for n in columns]
    recipe = {"tables": {"s.t": {"columns": columns}}}
    made = makers(yaml.safe_dump(recipe, sort_keys=False), [table("s.t", cols), *PARENTS], 100, seed)
    found = made.of(HERE)
    assert found is not None
    values = {n: found.values(n, range(100)) for n in columns if found.drawn(n) is not None}
    assert complaints(made) == []
    assert list(values) == list(columns)
    return found, values


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_draw_works_and_names_it(name: str) -> None:
    _, values = bound(name)
    assert all(len(column) == 100 for column in values.values())
    written = family.page(DRAWS, name).partition("Example:")[2]
    assert re.search(rf"\b{name}\b", written), "the example shows the draw"


@pytest.mark.parametrize("name", NAMES)
def test_rows_made_alone_or_in_another_order_are_the_same(name: str) -> None:
    maker, values = bound(name)
    for name_of_column, whole in values.items():
        alone = [maker.values(name_of_column, [row])[0] for row in (0, 7, 99)]
        assert alone == [whole[0], whole[7], whole[99]]
        backwards = maker.values(name_of_column, list(range(99, -1, -1)))
        assert list(backwards) == list(whole)[::-1]


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n not in ("sequence", "cycle", "constant", "nothing", "position")]
)
def test_another_seed_makes_other_rows(name: str) -> None:
    _, first = bound(name, "1")
    _, second = bound(name, "2")
    assert [list(v) for v in first.values()] != [list(v) for v in second.values()]


def test_two_columns_of_the_same_draw_differ() -> None:
    text = "tables: {s.t: {columns: {a: {uniform: {to: 1000000}}, b: {uniform: {to: 1000000}}}}}"
    made = makers(text, [table("s.t", [column("a", "int4"), column("b", "int4")])]).of(HERE)
    assert made is not None
    assert made.values("a", range(20)) != made.values("b", range(20))


def test_names_that_run_together_have_streams_of_their_own() -> None:
    assert Stream.of("1", "ab", "c").words(range(3)) != Stream.of("1", "a", "bc").words(range(3))
    assert Stream.of("1", "a").below("b").words(range(3)) != Stream.of("1", "a", "b").words(range(3))


def test_the_bits_are_those_of_this_version() -> None:
    assert Stream.of("1", "s", "t", "x").words(range(3)) == BITS
    assert one("{normal: {mean: 10, deviation: 3}}", 4, "numeric", scale=6).block(range(4)) == NORMAL
    assert one("email", 3).block(range(3)) == EMAILS


def test_uuids_say_their_version_and_never_come_twice() -> None:
    four, seven = drawn("uuid", 5000, "uuid"), drawn("{uuid: 7}", 5000, "uuid")
    assert {uuids.UUID(str(v)).version for v in four} == {4}
    assert {uuids.UUID(str(v)).version for v in seven} == {7}
    assert len(set(four)) == len(set(seven)) == 5000
    assert [str(v)[:12] for v in seven] == sorted(str(v)[:12] for v in seven)


def test_unique_addresses_and_user_names_are_unique() -> None:
    for draw in ("email", "username", "{company: {unique: true}}"):
        assert len(set(drawn(draw, 20_000))) == 20_000
    assert len(set(drawn("{email: {unique: false}}", 20_000))) < 20_000


def test_text_is_within_its_length_and_its_number_of_words() -> None:
    assert {len(str(v).split()) for v in drawn("{text: 2..5}", 2000)} == {2, 3, 4, 5}
    assert {len(str(v).split()) for v in drawn("{text: 25}", 50)} == {25}
    assert max(len(str(v)) for v in drawn("{text: {sentences: 3..9, longest: 80}}", 500)) == 80


def test_json_is_json_of_the_kinds_that_were_asked_for() -> None:
    inner = 'n: {uniform: {to: 5}}, b: boolean, t: {text: 1}, o: {json: {"q\\"": city}}, m: {money: 4, nulls: 0.5}'
    text = f"{{json: {{{inner}}}}}"
    for value in drawn(text, 200, "jsonb"):
        found = json.loads(str(value))
        assert isinstance(found["n"], int)
        assert isinstance(found["b"], bool)
        assert isinstance(found["t"], str)
        assert list(found["o"]) == ['q"']
        assert found["m"] is None or isinstance(found["m"], float)


def test_nulls_come_as_often_as_asked() -> None:
    found = Counter(value is None for value in drawn("{city: {}, nulls: 0.25}", 20_000))
    assert 4700 < found[True] < 5300


def test_a_fan_gives_every_parent_its_rows_and_places_count_up() -> None:
    text = """
tables:
  s.t:
    columns:
      parent: {foreign: {to: users.account(id), fan: 1..8}}
      number: {position: parent}
"""
    columns = [column("parent", "int8"), column("number", "int4")]
    made = makers(text, [table("s.t", columns), PARENTS[0]], {"s.t": 2500, "users.account": 2048}).of(HERE)
    assert made is not None
    pairs = list(zip(made.values("parent", range(2500)), made.values("number", range(2500)), strict=True))
    assert len(set(pairs)) == 2500
    rows = Counter(parent for parent, _ in pairs)
    whole = [rows[parent] for parent in range(1, 500)]
    assert set(whole) == set(range(1, 9))
    assert whole.count(1) > whole.count(2) > whole.count(8)
    for parent in (1, 2, 3, 77, 400):
        assert [number for one, number in pairs if one == parent] == list(range(1, rows[parent] + 1))


def test_once_refers_to_every_parent_at_most_once() -> None:
    text = "tables: {s.t: {columns: {x: {foreign: {to: users.account(id), once: true}}}}}"
    for count in (1, 2, 9, 100, 997):
        sizes = {"s.t": count, "users.account": count}
        made = makers(text, [table("s.t", [column("x", "int8")]), PARENTS[0]], sizes).of(HERE)
        assert made is not None
        found = made.values("x", range(count))
        assert sorted(map(int, map(str, found))) == list(range(1, count + 1))


def test_within_never_gives_the_same_row_twice_to_one_parent() -> None:
    text = """
tables:
  s.t:
    columns:
      account: {foreign: {to: users.account(id), each: 7}}
      instrument: {foreign: {to: trading.instrument(id), within: account}}
"""
    columns = [column("account", "int8"), column("instrument", "int8")]
    sizes = {"s.t": 700, "users.account": 100, "trading.instrument": 9}
    made = makers(text, [table("s.t", columns), *PARENTS[:2]], sizes).of(HERE)
    assert made is not None
    pairs = set(zip(made.values("account", range(700)), made.values("instrument", range(700)), strict=True))
    assert len(pairs) == 700


def test_a_row_refers_to_an_earlier_one_of_its_own_table() -> None:
    text = "tables: {s.t: {columns: {id: sequence, above: {foreign: s.t(id)}}}}"
    columns = [column("id", "int8"), column("above", "int8", required=False)]
    made = makers(text, [table("s.t", columns)]).of(HERE)
    assert made is not None
    found = made.values("above", range(100))
    assert found[0] is None
    assert all(isinstance(above, int) and above <= row for row, above in enumerate(found[1:], 1))


def test_rows_that_are_appended_leave_the_first_ones_as_they_were() -> None:
    text = """
tables:
  s.t:
    columns:
      id: {uuid: 7}
      at: {timestamp: {order: rising}}
      price: walk
      one: {foreign: {to: users.account(id), once: true}}
"""
    columns = [column("id", "uuid"), column("at", "timestamptz"), column("price", "numeric"), column("one", "int8")]
    tables = [table("s.t", columns), PARENTS[0]]
    before = makers(text, tables, 100).of(HERE)
    later = makers(text, tables, 150, base=100)
    after = later.of(HERE)
    assert before is not None
    assert after is not None
    assert after.size == Size(100, 150)
    assert after.block(range(100)) == before.block(range(100))
    ones = after.values("one", range(150))
    assert len(set(ones)) == 150
    assert later.sizes[TableName("users", "account")].total == 150


def test_a_walk_moves_a_little_and_each_symbol_alone() -> None:
    prices = [float(str(v)) for v in drawn("{walk: {start: 100, volatility: 0.4}}", 20_000, "numeric")]
    steps = [abs(b / a - 1) for a, b in pairwise(prices)]
    assert max(steps) < 0.02
    assert max(prices) / min(prices) > 1.1
    assert min(prices) > 0
    text = "tables: {s.t: {columns: {symbol: {choice: [a, b]}, price: {walk: {of: symbol}}}}}"
    made = makers(text, [table("s.t", [column("symbol"), column("price", "numeric")])]).of(HERE)
    assert made is not None
    by: dict[str, list[float]] = {"a": [], "b": []}
    for symbol, price in zip(made.values("symbol", range(100)), made.values("price", range(100)), strict=True):
        by[str(symbol)].append(float(str(price)))
    assert max(by["a"]) < min(by["b"]) or max(by["b"]) < min(by["a"])


def test_a_row_can_be_referred_to_by_a_computed_number() -> None:
    text = """
tables:
  s.t:
    columns:
      side: {cycle: [1, 2]}
      parent: {foreign: {to: users.account(id), at: "1 if side == 1 else 10 + row"}}
"""
    columns = [column("side", "int4"), column("parent", "int8")]
    made = makers(text, [table("s.t", columns), PARENTS[0]], {"s.t": 8, "users.account": 15}).of(HERE)
    assert made is not None
    assert made.values("parent", range(8)) == [1, 12, 1, 14, 1, 1, 1, 3]
