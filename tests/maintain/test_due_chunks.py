"""What is due for hypertables, decided without a server."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from freehold.layouts.model import Placement, ServiceRoles
from freehold.maintain import chunks, continuous
from freehold.maintain.due_chunks import doubtful, due_chunks, stretches
from freehold.maintain.model import (
    Chunk,
    ChunkAction,
    CompressChunk,
    DeleteRows,
    DropChunks,
    Hyper,
    RefreshRollups,
    Task,
)
from freehold.spans import EARLIEST, LATEST, Span, later, parse_moment
from freehold.spec.series import Hold, How, Retention, Rollup, TimeSeries
from freehold.spec.tables import TableName

TICK = TableName("s", "tick")
BAR = TableName("s", "bar")
INNER = TableName("_timescaledb_internal", "_materialized_hypertable_2")
DAY = Span(seconds=86_400)
PLACE = Placement("s", "main", "db", ("s",), ServiceRoles("o", "a", "r"))
NOW = parse_moment("2026-11-20 12:00")


def task(keep: Span | None = None, how: How = How.DROP, hold: Hold | None = None, **more: object) -> Task:
    kept = Retention(TICK, "time", keep, how, hold=hold) if keep else None
    return Task(PLACE, TICK, TimeSeries(TICK, "time", DAY, **more), kept)  # type: ignore[arg-type]


def chunk(day: int, part: int = 0, *, packed: bool = False) -> Chunk:
    lower = datetime(2026, 11, day)
    return Chunk(TableName("i", f"c{day}_{part}"), lower, lower + timedelta(days=1), packed)


def hyper(*there: Chunk, **more: object) -> Hyper:
    return replace(Hyper("extensions", "timescale", TICK, "time", chunks=there), **more)  # type: ignore[arg-type]


def kinds(actions: tuple[ChunkAction, ...]) -> list[str]:
    return [type(one).__name__ for one in actions]


def test_rollups_come_before_anything_goes_and_what_goes_is_not_compressed() -> None:
    wanted = task(Span(seconds=5 * 86_400), compress_after=DAY)
    there = hyper(chunk(13), chunk(14), chunk(15), chunk(18), chunk(19), stale=(BAR,))

    found = due_chunks(wanted, there, NOW)

    assert found == (
        RefreshRollups((BAR,), NOW),
        DropChunks(datetime(2026, 11, 13), datetime(2026, 11, 14), (TableName("i", "c13_0"),)),
        DropChunks(datetime(2026, 11, 14), datetime(2026, 11, 15), (TableName("i", "c14_0"),)),
        CompressChunk(chunk(15)),
        CompressChunk(chunk(18)),
    )
    assert due_chunks(wanted, hyper(chunk(15, packed=True), chunk(19)), NOW) == ()


def test_the_chunks_of_one_stretch_go_together() -> None:
    found = due_chunks(task(DAY), hyper(chunk(1, 1), chunk(1, 0), chunk(19)), NOW)
    assert found == (
        DropChunks(datetime(2026, 11, 1), datetime(2026, 11, 2), (TableName("i", "c1_0"), TableName("i", "c1_1"))),
    )
    assert found[0].say() == "drop 2 chunks from 2026-11-01 to 2026-11-02"


def test_rows_are_deleted_where_that_is_declared_and_only_if_any_can_be_old() -> None:
    wanted = task(Span(seconds=86_400), How.DELETE)
    assert due_chunks(wanted, hyper(chunk(18), chunk(19)), NOW) == (
        DeleteRows(TICK, "time", parse_moment("2026-11-19 12:00"), 10_000),
    )
    assert due_chunks(wanted, hyper(chunk(20)), NOW) == ()


def test_an_aggregate_loses_whole_chunks_first_and_none_where_a_row_may_be_held() -> None:
    wanted = replace(task(DAY, How.DELETE), series=None)
    there = hyper(chunk(1), chunk(19), aggregate=True, relation=INNER)
    assert kinds(due_chunks(wanted, there, NOW)) == ["DropChunks", "DeleteRows"]
    held = replace(wanted, retention=Retention(TICK, "time", DAY, hold=Hold(column="hold")))
    assert kinds(due_chunks(held, there, NOW)) == ["DeleteRows"]


def test_the_apache_edition_is_told_and_nothing_it_cannot_do_is_due() -> None:
    wanted = task(compress_after=DAY, rollups=(Rollup(BAR, DAY, (), ()),))
    there = hyper(chunk(1), licence="apache", rollups=(BAR,), stale=(BAR,))

    assert due_chunks(wanted, there, NOW) == ()
    (told,) = doubtful(wanted, there)
    assert told.code == "timescale_edition"
    assert told.title.startswith("1 rollups are not refreshed and nothing is compressed")
    assert list(doubtful(wanted, replace(there, licence="timescale"))) == []
    assert list(doubtful(task(), hyper(licence="apache"))) == []


def test_what_is_wrong_with_a_hypertable_is_told() -> None:
    wanted = task(DAY, rollups=(Rollup(BAR, DAY, (), ()),))
    codes = [one.code for one in doubtful(wanted, hyper(column="at", secured=True, policies=("Retention [7]",)))]
    assert codes == [
        "table_not_partitioned",
        "chunks_without_policies",
        "rollup_missing",
        "retention_policy_of_timescaledb",
    ]


DAYS = st.sets(st.integers(1, 28)).map(lambda days: tuple(chunk(day) for day in sorted(days)))


@given(there=DAYS, keep=st.integers(1, 40), now=st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 20)))
def test_a_chunk_goes_when_and_only_when_all_of_it_is_too_old(
    there: tuple[Chunk, ...], keep: int, now: datetime
) -> None:
    wanted = task(Span(seconds=keep * 86_400))
    gone = {
        name for one in due_chunks(wanted, hyper(*there), now) if isinstance(one, DropChunks) for name in one.chunks
    }
    cutoff = later(now, Span(seconds=keep * 86_400), -1)
    assert gone == {one.table for one in there if one.upper <= cutoff}
    left = tuple(one for one in there if one.table not in gone)
    assert due_chunks(wanted, hyper(*left), now) == ()


def test_stretches_are_in_order() -> None:
    found = stretches((chunk(2), chunk(1, 1), chunk(1, 0)))
    assert [[one.table for one in names] for _, names in found] == [["c1_0", "c1_1"], ["c2_0"]]


def test_a_rollup_lacks_what_is_newer_than_it_or_noted_and_nothing_else() -> None:
    hour = 3_600_000_000
    assert not continuous.lacks((10 * hour, False, False, False), 10 * hour - 1, continuous.LEAST)
    assert continuous.lacks((10 * hour, False, False, False), 10 * hour, continuous.LEAST)
    assert continuous.lacks((10 * hour, True, False, False), None, continuous.LEAST)
    assert continuous.lacks((10 * hour, False, True, False), None, continuous.LEAST)
    assert continuous.lacks((None, False, False, True), 0, continuous.LEAST)
    assert not continuous.lacks((None, False, False, True), None, continuous.LEAST)
    # rows of an interval that reaches into what is no longer kept are not followed
    assert not continuous.lacks((10 * hour, False, False, False), 11 * hour, 12 * hour)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))
def test_moments_are_counted_to_the_microsecond(moment: datetime) -> None:
    assert continuous.EPOCH + timedelta(microseconds=continuous.microseconds(moment)) == moment


def test_the_ends_of_the_calendar_are_those_of_the_catalog() -> None:
    assert (continuous.microseconds(EARLIEST), continuous.microseconds(LATEST)) == (continuous.LEAST, continuous.MOST)
    rows = [("s", "a", "-infinity", "infinity", False), ("s", "b", "2026-11-01 00:00:00+00", "4714-11-24 BC", True)]
    assert [(one.lower, one.upper) for one in chunks.chunks(rows)] == [
        (EARLIEST, LATEST),
        (datetime(2026, 11, 1), LATEST),
    ]
