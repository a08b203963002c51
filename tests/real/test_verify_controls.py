"""A thousand differences, each found and named; what is no difference; and comparisons that are broken on purpose."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from freehold.move import control
from freehold.move.checksum import Sum
from freehold.move.run import aligned, comparing, desk
from freehold.move.verify import chunks, compare
from freehold.move.verify.changes import Touched
from freehold.move.verify.model import Key, Kind
from freehold.pg.session import PgSession
from freehold.ports import Row
from freehold.sqltext import Sql, ident, keyword, raw
from support.alltypes import CHANGES, ROWS, TYPES
from support.clusters import VERSIONS
from support.following import Writers
from support.following import work as service_work
from support.worlds import World

pytestmark = pytest.mark.real
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"

DIFFERENCES = 1_000
COUNT, CLIENTS = 1_120, 80
"""Rows that are damaged (not every way is a difference), and rows behind them that clients write meanwhile."""

# the bundled server has no libxml
MADE = TYPES + "ALTER TABLE s.t ADD COLUMN ar integer[] DEFAULT '{1,2,3}', ADD COLUMN zero float8 DEFAULT 0;"
FILLED = (
    ROWS.format("s.t", COUNT + CLIENTS).replace("('<a>' || i || '</a>')::xml", "NULL")
    + "UPDATE s.t SET v = '' WHERE id % 3 = 0;\n"
)
MORE = (
    "ar = '[0:2]={1,2,3}'", "zero = '-0'", "v = CASE WHEN v = '' THEN NULL ELSE '' END", "c = c || ' '", "n = n * 1.0",
    "j = (' ' || j)::json", "jb = jb || jb", "tstz = tstz + interval '0'", "t = t || E'\\u00ad'",
    "by = set_bit(by, 3, 1 - get_bit(by, 3))",
)  # fmt: skip
"""Besides the small changes of each type: some that differ only in how they are written, some not at all."""


def contents(world: World, side: str) -> Mapping[int, Mapping[str, str | None]]:
    """Every damaged row by its id, column by column as text: what really differs, found in another way."""
    place = world.move.source if side == "home" else world.move.target
    session = world.servers.admin(place.instance, place.database)
    session.execute(raw("SET TimeZone = 'UTC'; SET extra_float_digits = 1"))
    rows = session.query(
        raw(
            "SELECT attname FROM pg_attribute WHERE attrelid = 's.t'::regclass AND attnum > 0 AND NOT attisdropped"
            " ORDER BY attnum"
        )
    )
    names = [str(name) for (name,) in rows]
    listed = ", ".join(f"{ident(name).shown()}::text" for name in names)
    found = session.query(raw(f"SELECT {listed} FROM s.t WHERE id <= {COUNT} OR id > 100000"))
    session.close()
    return {int(str(row[0])): dict(zip(names, map(_text, row), strict=True)) for row in found}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def damage(draw: random.Random) -> list[str]:
    """One statement for each row, in every way there is."""
    changes = [one.replace("{{", "{").replace("}}", "}") for one in (*CHANGES, *MORE) if "xml" not in one]
    found = []
    for number in range(1, COUNT + 1):
        way = number % 20
        if way == 0:
            found.append(f"DELETE FROM s.t WHERE id = {number}")
        elif way == 1:
            found.append(f"UPDATE s.t SET id = {100_000 + number} WHERE id = {number}")
        elif way == 2 and number + 1 <= COUNT:
            # the values of two rows are exchanged: every column holds what it held before
            column = draw.choice(["t", "i8", "d", "u", "jb", "by"])
            found.append(
                f"UPDATE s.t SET {column} = o.{column} FROM s.t AS o"
                f" WHERE (t.id, o.id) IN (({number}, {number + 1}), ({number + 1}, {number}))"
            )
        elif way != 3:
            found.append(f"UPDATE s.t SET {draw.choice(changes)} WHERE id = {number}")
    return found


def client(session: PgSession, draw: random.Random) -> None:
    number = COUNT + draw.randint(1, CLIENTS)
    session.execute(raw(f"UPDATE s.t SET i4 = i4 + 1, t = t || 'x' WHERE id = {number}"))


def expected(world: World) -> set[tuple[int, Kind, tuple[str, ...]]]:
    home, fed = contents(world, "home"), contents(world, "fed")
    found: set[tuple[int, Kind, tuple[str, ...]]] = set()
    for number in home.keys() | fed.keys():
        if number not in fed:
            found.add((number, Kind.MISSING, ()))
        elif number not in home:
            found.add((number, Kind.EXTRA, ()))
        elif home[number] != fed[number]:
            columns = tuple(sorted(name for name in home[number] if home[number][name] != fed[number][name]))
            found.add((number, Kind.DIFFERENT, columns))
    return found


@pytest.mark.parametrize(
    ("source", "target"),
    [(18, 18), *([(15, 18), (18, 15), (15, 15)] if SOAK and 15 in VERSIONS else [])],
    ids=lambda version: f"pg{version}",
)
def test_each_of_a_thousand_differences_is_found_and_named(
    worlds: Callable[..., World], source: int, target: int
) -> None:
    world = worlds(source, target, MADE, FILLED)
    session = world.servers.admin(world.move.target.instance, world.move.target.database)
    for seed in range(10 if SOAK else 1):
        session.execute(keyword("SET session_replication_role = replica; SET TimeZone = 'UTC'"))
        session.execute(raw("; ".join(damage(random.Random(seed)))))
        wanted = expected(world)
        assert len(wanted) >= DIFFERENCES
        with Writers(world.servers, world.move.source, client, count=2).writing():
            report = world.verify(limit=10 * COUNT)
        assert {(int(one.key[0][1]), one.kind, one.columns) for t in report.tables for one in t.listed} == wanted
        assert report.mismatches == len(wanted)
        assert report.healed == 0
        mended = world.verify(repair=True)
        assert mended.equal
        assert mended.repaired == len(wanted)
        assert expected(world) == set()


def test_the_same_rows_in_another_order_are_equal_and_another_label_of_an_enum_is_not(
    worlds: Callable[..., World],
) -> None:
    world = worlds(18, 18, MADE + "CREATE TABLE s.heap (a int, m s.mood)", FILLED)
    world.home("INSERT INTO s.heap SELECT i % 10, 'ok' FROM generate_series(1, 500) AS i")
    world.fed("CREATE TABLE public.kept AS SELECT * FROM s.heap; TRUNCATE s.heap;"
              " INSERT INTO s.heap SELECT * FROM public.kept ORDER BY a DESC")  # fmt: skip
    world.fed("CREATE INDEX other ON s.t (u); CLUSTER s.t USING other; DROP INDEX s.other")
    assert world.verify().equal
    world.fed("ALTER TYPE s.mood RENAME VALUE 'happy' TO 'Happy'")
    report = world.verify(limit=1)
    assert {one.table.table: one.mismatches for one in report.tables} == {"heap": 0, "t": (COUNT + CLIENTS) // 3}
    assert [one.columns for t in report.tables for one in t.listed] == [("m",)]


def _live(world: World) -> None:
    """No false alarm while clients write."""
    with Writers(world.servers, world.move.source, service_work).writing():
        # a comparison that is broken comes out wrong only when a writer meets it; one that is not never does
        for _ in range(60):
            report = world.verify()
            assert report.equal
            assert report.healed == 0


def _found(world: World) -> None:
    """Some damages are found, all of them."""
    world.fed(
        "UPDATE s.account SET owner = o.owner FROM s.account AS o WHERE (account.id, o.id) IN ((10, 20), (20, 10));"
        "DELETE FROM s.account WHERE id = (SELECT max(id) FROM s.account);"
        "UPDATE s.number SET v = NULL WHERE id = 7; UPDATE s.event_1 SET v = v || ' ' WHERE id = 59;"
        "UPDATE s.log SET c = c + interval '4294967297 us' WHERE b = 'b9'"
    )
    report = world.verify()
    assert {one.table.table: one.mismatches for one in report.tables if one.mismatches} == {
        "account": 3,
        "number": 1,
        "event_1": 1,
        "log": 2,
    }


def _no_changes(self: aligned.Aligner, token: str, seen: str) -> tuple[Touched, Touched]:
    return Touched(), Touched()


def _no_product(rows: list[Row]) -> Mapping[int, Sum]:
    return {n: replace(one, product=0) for n, one in _told(rows).items()}


def _one_snapshot(session: object, snapshot: str = "") -> None:
    _begin(session)  # type: ignore[arg-type]


def _not_the_last(shape: chunks.Shape, count: int, cuts: list[Key]) -> tuple[chunks.Chunk, ...]:
    found = _chunks(shape, count, cuts)
    return found[:-1] or found


_told, _begin, _chunks = compare.told, desk.begin, chunks.chunks
NOT_WAITING: Callable[[str], Sql] = lambda move: keyword("SELECT 1")  # noqa: E731

BROKEN: dict[str, tuple[object, str, object, Callable[[World], None]]] = {
    "what was written between the snapshots is compared": (aligned.Aligner, "_changes", _no_changes, _live),
    "nobody waits for the worker to come to the gate": (control, "at_gate", NOT_WAITING, _live),
    "the workers take snapshots of their own": (comparing.desk, "begin", _one_snapshot, _live),
    "the sums are without their product": (compare, "told", _no_product, _found),
    "the last piece of a table is left out": (chunks, "chunks", _not_the_last, _found),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_comparison_is_noticed(
    broken: str, worlds: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, replacement, scene = BROKEN[broken]
    world = worlds(18, 18)
    monkeypatch.setattr(owner, name, replacement)
    # not Unverified: the comparison itself must come out wrong
    with pytest.raises(AssertionError):
        scene(world)


def test_the_unbroken_one_passes_the_same_scenes(worlds: Callable[..., World]) -> None:
    world = worlds(18, 18)
    _found(world)
