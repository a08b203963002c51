"""What a verification decides without a server: what is dirty, what is compared again, what a sample is worth."""

from __future__ import annotations

import struct

import pytest

from freehold.move.model import Column, Side, Table
from freehold.move.verify import changes
from freehold.move.verify.changes import Reader, Touched, Transaction, Undecodable
from freehold.move.verify.chunks import Chunk, chunks, condition, sampled, shape
from freehold.move.verify.compare import Difference, differences, gathered, unequal
from freehold.move.verify.model import Compared, Kind, Mismatch, Mode, Report
from freehold.move.verify.rounds import Left, begin, chance, finish, snapshot, split, unfinished
from freehold.move.verify.show import age_s, document, lines
from freehold.spec.model import TableName

BIG = Column("id", "bigint", ("pg_catalog", "int8"), "b", not_null=True)
TEXT = Column("v", "text", ("pg_catalog", "text"), "b")
EXACT = Column("id", "numeric", ("pg_catalog", "numeric"), "b", not_null=True)
T, F, B = TableName("s", "t"), TableName("s", 'f"x'), TableName("freehold", "move_barrier")


def table(name: TableName, *columns: Column, key: tuple[str, ...] = ("id",), identity: str = "d") -> Table:
    return Table(name, "r", "p", columns, key, identity)


KEYED = shape(table(T, BIG, TEXT))
KEYLESS = shape(table(F, Column("a", "integer", ("pg_catalog", "int4"), "b"), TEXT, key=(), identity="f"))


def text(value: str) -> bytes:
    return value.encode() + b"\0"


def relation(number: int, name: TableName, *columns: str) -> bytes:
    told = (
        b"R" + struct.pack(">I", number) + text(name.schema) + text(name.table) + b"d" + struct.pack(">H", len(columns))
    )
    return told + b"".join(b"\1" + text(one) + struct.pack(">Ii", 20, -1) for one in columns)


def row(*values: str | None) -> bytes:
    told = struct.pack(">H", len(values))
    for one in values:
        if one is None:
            told += b"n"
        elif one == "unchanged":
            told += b"u"
        else:
            told += b"t" + struct.pack(">I", len(one.encode())) + one.encode()
    return told


def begun(xid: int) -> bytes:
    return b"B" + struct.pack(">QQI", 1, 2, xid)


COMMIT = b"C" + struct.pack(">BQQQ", 0, 1, 2, 3)


def reader() -> Reader:
    return Reader({T: KEYED, F: KEYLESS}, B)


def test_a_stream_of_changes_is_read_as_the_rows_it_touches() -> None:
    number = struct.pack(">I", 7)
    messages = [
        begun(99), relation(7, T, "id", "v"),
        b"I" + number + b"N" + row("1", "é"),
        b"U" + number + b"N" + row("2", "unchanged"),
        b"U" + number + b"K" + row("3", None) + b"N" + row("4", "x"),
        b"D" + number + b"K" + row("5", None),
        relation(8, F, "a", "v"),
        b"U" + struct.pack(">I", 8) + b"O" + row("1", "long") + b"N" + row("2", "unchanged"),
        relation(9, B, "move", "token", "at"),
        b"I" + struct.pack(">I", 9) + b"N" + row("00c0ffee", "gate:1", "now"),
        relation(10, TableName("s", "other"), "id"), b"I" + struct.pack(">I", 10) + b"N" + row("1"),
        COMMIT, begun(100), b"T" + struct.pack(">IBI", 1, 0, 7), COMMIT,
    ]  # fmt: skip
    first, second = list(reader().read(messages))
    assert first.xid == 99
    assert first.touched.keys == {T: {("1",), ("2",), ("3",), ("4",), ("5",)}}
    assert first.touched.contents == {F: [{"a": "1", "v": "long"}, {"a": "2", "v": "long"}]}
    assert first.barriers == (("00c0ffee", "gate:1"),)
    assert (second.touched.whole, second.touched.keys) == ({T}, {})


def test_what_a_change_does_not_tell_makes_the_whole_table_dirty() -> None:
    messages = [begun(1), relation(8, F, "a", "v"), b"I" + struct.pack(">I", 8) + b"N" + row("1", "unchanged"), COMMIT]
    (only,) = reader().read(messages)
    assert only.touched.whole == {F}
    with pytest.raises(Undecodable):
        list(reader().read([begun(1), b"I" + struct.pack(">I", 3) + b"N" + row("1")]))
    with pytest.raises(Undecodable):
        list(reader().read([b"?"]))


def test_a_snapshot_knows_what_it_sees_also_where_the_counter_of_transactions_wraps() -> None:
    seen = snapshot("90:100:92,95")
    assert [xid for xid in (1, 89, 92, 94, 95, 99, 100, 101) if seen.sees(xid)] == [1, 89, 94, 99]
    wrapped = snapshot(f"{2**32 - 5}:{2**32 + 3}:{2**32 - 2}")
    assert [xid for xid in (2**32 - 6, 2**32 - 2, 2**32 - 1, 0, 2, 3) if wrapped.sees(xid)] == [
        2**32 - 6,
        2**32 - 1,
        0,
        2,
    ]


def test_transactions_that_a_snapshot_does_not_see_are_left_out_until_one_does() -> None:
    one, other = (Transaction(xid, Touched(keys={T: {(str(xid),)}})) for xid in (50, 60))
    past = Touched()
    unseen = split([one, other], snapshot("55:70:60"), past)
    assert (past.keys, unseen) == ({T: {("50",)}}, [other])
    assert split(unseen, snapshot("71:71:"), Touched()) == []
    emptied = Transaction(50, Touched(keys={T: {("1",)}}, whole={F}))
    past = Touched()
    assert split([emptied], snapshot("55:70:60"), past, follow=False) == []
    assert (past.keys, past.whole) == ({}, {F})


def test_a_table_with_too_many_touched_rows_is_taken_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "HELD", 3)
    held = Touched()
    held.add(Touched(keys={T: {("1",), ("2",)}}))
    held.add(Touched(keys={T: {("2",), ("3",)}}, contents={F: [{}] * 4}))
    assert (held.keys, held.contents, held.whole) == ({T: {("1",), ("2",), ("3",)}}, {}, {F})
    held.add(Touched(keys={T: {("4",)}}))
    held.add(Touched(keys={T: {("5",)}}))
    assert (held.keys, held.whole) == ({}, {F, T})


def test_dirty_rows_are_left_out_and_come_again() -> None:
    left = Left(KEYED, chunks=list(chunks(KEYED, 2, [("10",)])))
    work = begin(left, frozenset({("3",)}), set(), whole=False)
    assert [(one.low, one.high) for one in work.chunks] == [(None, ("10",)), (("10",), None)]
    assert work.without == {("3",)}
    assert (left.chunks, left.keys) == ([], {("3",)})
    # the next round: it is dirty again, then it is not
    work = begin(left, frozenset({("3",), ("4",)}), {("3",)}, whole=False)
    assert (work.keys, left.keys) == ((), {("3",)})
    work = begin(left, frozenset({("4",)}), set(), whole=False)
    assert [one.keys for one in work.keys] == [(("3",),)]
    assert left.empty
    # an emptied table waits as a whole, and a piece there was no time for comes back
    left = Left(KEYED, chunks=[Chunk(KEYED)])
    assert begin(left, frozenset(), set(), whole=True).chunks == ()
    assert left.chunks == [Chunk(KEYED)]
    work = begin(left, frozenset(), set(), whole=False)
    unfinished(left, work.chunks[0])
    assert left.chunks == [Chunk(KEYED)]


def test_a_row_is_believed_to_differ_when_it_differs_twice() -> None:
    left = Left(KEYED)
    finish(left, [Difference(("1",), Kind.MISSING), Difference(("2",), Kind.EXTRA)], frozenset())
    assert (left.differences, left.keys) == ([], {("1",), ("2",)})
    finish(left, [Difference(("1",), Kind.DIFFERENT)], frozenset({("1",), ("2",)}))
    assert left.differences == [Difference(("1",), Kind.DIFFERENT)]
    assert left.healed == 1
    # not compared this time: still in doubt
    left = Left(KEYED)
    finish(left, [Difference(("1",), Kind.MISSING)], frozenset())
    finish(left, [], frozenset())
    assert (left.healed, left.keys) == (0, {("1",)})


def test_rows_without_a_key_are_counted_by_their_content() -> None:
    home = gathered([[("h", "i", 1, 1)] * 3, [("j", "k", 2, 2)]])
    fed = gathered([[("h", "i", 1, 1)] * 5])
    assert list(differences(home, fed)) == [
        Difference(("h", "i"), Kind.EXTRA, 2),
        Difference(("j", "k"), Kind.MISSING, 1),
    ]
    assert unequal({}, {}) == ()


def test_keys_are_cut_by_order_only_where_every_server_has_the_same() -> None:
    both = shape(table(T, BIG, TEXT, key=("id", "v")))
    assert [one.name for one in both.ordered] == ["id"]
    text_first = shape(table(T, BIG, TEXT, key=("v", "id")))
    assert text_first.ordered == ()
    assert [one.shares for one in chunks(text_first, 5, [])] == [8]
    assert shape(table(T, EXACT, TEXT)).canonical is False
    assert KEYED.canonical is True
    by_index = shape(table(T, BIG, TEXT, identity="i"), ["v"])
    assert [one.name for one in by_index.key] == ["v"]
    where = condition(Chunk(both, ("5",), ("9",)), {("7", "o'dd\\")})
    assert where is not None
    assert where.shown() == (
        "ROW(\"id\") >= ROW('5'::bigint) AND ROW(\"id\") < ROW('9'::bigint) AND"
        " NOT ((\"id\", \"v\") IN (VALUES ('7'::bigint,  E'o''dd\\\\'::text)))"
    )


def test_a_sample_is_the_same_for_the_same_seed_and_says_what_it_sees() -> None:
    pieces = chunks(KEYED, 10, [(str(n),) for n in range(9)])
    assert sampled(pieces, 30, 1) == sampled(pieces, 30, 1)
    assert len(sampled(pieces, 30, 1)) == 3
    assert {sampled(pieces, 30, seed) for seed in range(20)} != {sampled(pieces, 30, 1)}
    assert len(sampled(pieces, 0.1, 1)) == 1
    shares = sampled(chunks(KEYLESS, 16, []), 25, 4)[0]
    assert len(shares.only or ()) == 4
    assert chance(0.1, 1) == pytest.approx(0.1)
    assert chance(0.1, 44) > 0.99
    assert chance(1.0, 1) == 1.0


def told(mode: Mode, mismatches: int = 0, unsettled: int = 0) -> Report:
    listed = (Mismatch(T, Kind.DIFFERENT, (("id", "7"),), ("v",)),) if mismatches else ()
    return Report(
        mode, Side("a", "x"), Side("b", "y"), (Compared(T, 1_000, 2, mismatches, listed),), rounds=3,
        unsettled=unsettled, healed=0, repaired=0, coverage=0.1, method="slot", blocked_ms=0.0, duration_ms=500.0,
        finished_at="2026-01-01T00:00:00Z",
    )  # fmt: skip


def test_a_report_says_no_more_than_it_knows() -> None:
    assert lines(told(Mode.FULL)) == ("1,000 rows compared, all of them (0.5 s, 3 rounds, 2,000 rows/s)", "equal")
    assert lines(told(Mode.SAMPLE)) == (
        "1,000 rows compared, a sample of 10.0% (0.5 s, 3 rounds, 2,000 rows/s)",
        "  how likely it sees damaged rows, by how many there are: 1: 10%, 10: 65%, 100: 100%, 1,000: 100%",
        "equal in the sample",
    )
    assert lines(told(Mode.COUNTS))[0].endswith("not a proof: contents were not compared")
    assert lines(told(Mode.FULL, 3))[1:] == (
        "  s.t: 3 rows differ",
        "    different id = 7 (v)",
        "    and 2 more",
        "NOT EQUAL",
    )
    assert lines(told(Mode.FULL, unsettled=1))[-1] == "UNKNOWN"
    assert document(told(Mode.FULL, 3))["verified"] == {"mode": "full", "rows": 1_000, "mismatches": 3}
    assert document(told(Mode.FULL, 3))["equal"] is False
    assert age_s(told(Mode.FULL), "2026-01-01T00:01:00+00:00") == 60.0
