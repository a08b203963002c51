"""What is due, decided without a server."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from freehold.layouts.model import Placement, ServiceRoles
from freehold.maintain.due import MOVED_MAX, due, left_over
from freehold.maintain.model import (
    AddPartition,
    DeleteRows,
    DropPartition,
    FinishDetach,
    FinishDrop,
    Kind,
    Leaving,
    Partition,
    State,
    Task,
)
from freehold.spans import Span, floor, later, parse_moment
from freehold.spec.series import How, Retention, TimeSeries
from freehold.spec.tables import TableName

TICK = TableName("s", "tick")
DEFAULT = TableName("s", "tick_default")
DAY = Span(seconds=86_400)
PLACE = Placement("s", "main", "db", ("s",), ServiceRoles("o", "a", "r"))
NOW = parse_moment("2026-11-20 12:00")


def task(chunk: Span = DAY, keep: Span | None = None, ahead: Span | None = None, how: How = How.DROP) -> Task:
    kept = Retention(TICK, "time", keep, how) if keep else None
    return Task(PLACE, TICK, TimeSeries(TICK, "time", chunk, ahead=ahead), kept)


def declared(wanted: Task) -> TimeSeries:
    assert wanted.series is not None
    return wanted.series


def part(lower: str, upper: str, **more: bool) -> Partition:
    low, up = parse_moment(lower), parse_moment(upper)
    return Partition(TableName("s", f"p{lower}"), low, up, **more)


def cut(*parts: Partition, **more: object) -> State:
    return State(Kind.CUT, "timestamp with time zone", parts, DEFAULT, **more)  # type: ignore[arg-type]


SPANS = st.one_of(
    st.integers(1, 24).map(lambda n: Span(months=n)), st.integers(60, 40 * 86_400).map(lambda n: Span(0, n))
)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))


@given(SPANS, SPANS, SPANS, MOMENTS, st.lists(MOMENTS, max_size=20))
def test_whatever_the_calendar_the_time_ahead_is_covered_once(
    chunk: Span, before: Span, ahead: Span, now: datetime, loose: list[datetime]
) -> None:
    """Also when some partitions are there already, cut by another chunk, and the default partition holds rows."""
    if ahead.about > chunk.about * 200:
        ahead = chunk
    first = floor(now, before)
    there = tuple(
        Partition(TableName("s", str(n)), later(first, before, n), later(first, before, n + 1)) for n in range(-1, 2)
    )
    # rows lie in the default partition only where no other partition takes them
    taken = (there[0].lower, there[-1].upper)
    loose = [moment for moment in loose if not taken[0] <= moment < taken[1]]
    rows = sorted({floor(moment, chunk): 1 for moment in loose}.items())
    wanted = task(chunk, ahead=ahead)
    state = cut(*there, loose=tuple(rows))
    actions = due(wanted, state, now)
    added = [one for one in actions if isinstance(one, AddPartition)]
    assert len(added) == len(actions)
    ranges = sorted([(one.lower, one.upper) for one in added] + [(p.lower, p.upper) for p in there])
    assert all(low < up for low, up in ranges)
    assert all(up <= low for (_, up), (low, _) in pairwise(ranges))
    for moment in (now, later(now, ahead), *loose):
        if moment < later(now, ahead) or moment in loose:
            assert any(low <= moment < up for low, up in ranges)
    assert left_over(declared(wanted), state, actions) == 0
    # and once that is so, nothing is due
    made = tuple(Partition(TableName("s", f"n{n}"), low, up) for n, (low, up) in enumerate(ranges))
    assert due(wanted, cut(*made), now) == ()


@given(SPANS, SPANS, MOMENTS)
def test_what_goes_is_too_old_and_what_is_too_old_goes(chunk: Span, keep: Span, now: datetime) -> None:
    first = floor(later(now, keep, -1), chunk)
    there = tuple(
        Partition(TableName("s", str(n)), later(first, chunk, n), later(first, chunk, n + 1)) for n in range(-3, 4)
    )
    gone = [one.partition for one in due(task(chunk, keep), cut(*there), now) if isinstance(one, DropPartition)]
    cutoff = later(now, keep, -1)
    assert gone == [one for one in there if one.upper is not None and one.upper <= cutoff]
    # no partition is made only to be dropped
    for one in due(task(chunk, keep), cut(*there), now):
        if isinstance(one, AddPartition):
            assert one.upper > cutoff


def test_a_partition_of_now_is_made_with_care_and_one_far_ahead_without() -> None:
    added = [one for one in due(task(ahead=Span(seconds=3 * 86_400)), cut(), NOW) if isinstance(one, AddPartition)]
    assert [(str(one.lower)[:10], one.in_use) for one in added] == [
        ("2026-11-20", True),
        ("2026-11-21", False),
        ("2026-11-22", False),
        ("2026-11-23", False),
    ]


def test_rows_of_too_many_pieces_are_moved_in_several_runs() -> None:
    loose = tuple((later(NOW, Span(months=1), -n), 7) for n in range(MOVED_MAX + 5, 0, -1))
    state = cut(loose=tuple((floor(moment, DAY), rows) for moment, rows in loose), homeless=2)
    actions = due(task(), state, NOW)
    assert sum(isinstance(one, AddPartition) and one.rows > 0 for one in actions) == MOVED_MAX
    assert left_over(declared(task()), state, actions) == 5 * 7 + 2


def test_what_an_interrupted_run_left_comes_first() -> None:
    gone, again = TableName("s", "gone"), TableName("s", "again")
    state = cut(
        part("2026-11-01", "2026-11-02", pending=True),
        leaving=(Leaving(gone, False, False), Leaving(again, True, False), Leaving(TICK, True, True)),
    )
    actions = due(task(keep=DAY), state, NOW)
    assert [type(one) for one in actions[:3]] == [FinishDrop, FinishDrop, FinishDetach]
    # one that is a partition still is judged anew
    assert not any(isinstance(one, FinishDrop) and one.leaving.table == TICK for one in actions)


def test_old_rows_of_the_default_partition_are_deleted_at_the_edge_of_a_piece() -> None:
    state = cut(loose=((parse_moment("2026-11-01"), 3), (parse_moment("2026-11-17"), 1)))
    found = [one for one in due(task(keep=Span(seconds=3 * 86_400)), state, NOW) if isinstance(one, DeleteRows)]
    assert found == [DeleteRows(DEFAULT, "time", parse_moment("2026-11-17"), 10_000)]


def test_deleting_by_age_in_a_time_series_touches_only_partitions_that_hold_old_rows() -> None:
    state = cut(part("2026-11-01", "2026-11-02"), part("2026-11-20", "2026-11-21"))
    found = due(task(keep=Span(seconds=3 * 86_400), how=How.DELETE), state, NOW)
    assert [one.table for one in found if isinstance(one, DeleteRows)] == [TableName("s", "p2026-11-01"), DEFAULT]


def test_a_table_that_is_not_there_or_is_something_else_is_left_alone() -> None:
    assert due(task(keep=DAY), State(Kind.OTHER, "date"), NOW) == ()
    assert due(task(keep=DAY, how=How.DELETE), State(Kind.ABSENT), NOW) == ()
