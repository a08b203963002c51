"""The calendar that cuts time: whole pieces, in order, without a gap or an overlap, whatever the interval."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.spans import EARLIEST, LATEST, Span, floor, later, parse_moment, parse_span, pieces

SPANS = st.one_of(
    st.integers(1, 240).map(lambda n: Span(months=n)), st.integers(1, 10 * 366 * 86_400).map(lambda n: Span(seconds=n))
)
MOMENTS = st.datetimes(datetime(1600, 1, 1), datetime(2500, 1, 1))


@given(MOMENTS, SPANS)
def test_a_moment_lies_in_exactly_one_piece(moment: datetime, span: Span) -> None:
    lower = floor(moment, span)
    upper = later(lower, span)
    assert lower <= moment < upper
    assert floor(lower, span) == lower
    assert floor(upper, span) == upper
    assert list(pieces(moment, upper, span)) == [(lower, upper)]


@given(MOMENTS, SPANS, st.integers(1, 50))
def test_pieces_follow_each_other_without_a_gap(moment: datetime, span: Span, count: int) -> None:
    end = later(floor(moment, span), span, count)
    found = list(pieces(moment, end, span))
    assert len(found) == count
    assert found[0][0] <= moment
    assert [upper for _, upper in found[:-1]] == [lower for lower, _ in found[1:]]


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        ("1 day", Span(seconds=86_400), "1 day"),
        (" 2 weeks ", Span(seconds=14 * 86_400), "14 days"),
        ("90 minutes", Span(seconds=5400), "90 minutes"),
        ("18 months", Span(months=18), "18 months"),
        ("7 years", Span(months=84), "7 years"),
        ("1 second", Span(seconds=1), "1 second"),
    ],
)
def test_an_interval_is_read_and_shown(text: str, span: Span, shown: str) -> None:
    assert parse_span(text) == span
    assert str(span) == shown
    assert parse_span(shown) == span


@pytest.mark.parametrize(
    "text", ["", "1", "day", "0 days", "-1 day", "1.5 days", "1 fortnight", "1 day 2 hours", "9999 years"]
)
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"interval|longer"):
        parse_span(text)


@pytest.mark.parametrize(
    ("moment", "span", "count", "then"),
    [
        ("2026-01-31 10:00:00", Span(months=1), 1, "2026-02-28 10:00:00"),
        ("2024-01-31", Span(months=1), 1, "2024-02-29"),
        ("2026-12-31 23:59:59", Span(months=1), 2, "2027-02-28 23:59:59"),
        ("2026-03-31", Span(months=1), -1, "2026-02-28"),
        ("2024-02-29", Span(months=12), 1, "2025-02-28"),
        # the nights on which clocks change in Europe are ordinary days in UTC
        ("2026-03-28 12:00:00", Span(seconds=86_400), 1, "2026-03-29 12:00:00"),
        ("2026-10-24 12:00:00", Span(seconds=86_400), 1, "2026-10-25 12:00:00"),
    ],
)
def test_months_are_added_as_postgresql_adds_them(moment: str, span: Span, count: int, then: str) -> None:
    assert later(parse_moment(moment), span, count) == parse_moment(then)


def test_a_week_begins_on_a_monday_and_a_quarter_in_january() -> None:
    assert floor(parse_moment("2026-11-22 23:59:59"), parse_span("1 week")) == parse_moment("2026-11-16")
    assert floor(parse_moment("2026-11-22"), parse_span("3 months")) == parse_moment("2026-10-01")
    assert floor(parse_moment("1999-12-31"), parse_span("1 year")) == parse_moment("1999-01-01")


def test_the_calendar_ends_instead_of_failing() -> None:
    assert later(parse_moment("2026-01-01"), Span(months=12), -3000) == EARLIEST
    assert later(parse_moment("9999-12-01"), Span(months=12)) == LATEST
    assert later(parse_moment("0001-01-02"), Span(seconds=86_400 * 5), -1) == EARLIEST


def test_a_moment_with_a_zone_is_taken_to_utc() -> None:
    assert parse_moment("2026-11-20T10:00:00+05:30") == parse_moment("2026-11-20 04:30:00")
    assert parse_moment("2026-11-20T10:00:00Z") == parse_moment("2026-11-20 10:00:00")
