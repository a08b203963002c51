"""Intervals as PostgreSQL writes them, and the calendar that cuts time into pieces of one interval.

Every moment here is a ``datetime`` without a zone and means UTC, where every day has 24 hours. Pieces of seconds,
days and weeks are counted from Monday 2000-01-03, pieces of months and years from 2000-01-01, as ``time_bucket`` of
TimescaleDB counts them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ORIGIN = datetime(2000, 1, 3)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS = {"month": 1, "year": 12}
_YEARS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """A positive interval: whole calendar months, or seconds; never both."""

    months: int = 0
    seconds: int = 0

    def __str__(self) -> str:
        count, unit = self.months, "month"
        if self.months and self.months % 12 == 0:
            count, unit = self.months // 12, "year"
        elif self.seconds:
            unit = next(u for u in ("day", "hour", "minute", "second") if self.seconds % _SECONDS[u] == 0)
            count = self.seconds // _SECONDS[unit]
        return f"{count} {unit}{'s' if count != 1 else ''}"

    @property
    def about(self) -> timedelta:
        """Its length, a month taken for 30 days; to compare spans, never to compute a moment."""
        return timedelta(days=30 * self.months, seconds=self.seconds)

    def times(self, count: int) -> Span:
        return Span(self.months * count, self.seconds * count)


def parse_span(text: str) -> Span:
    """``"1 day"``, ``"6 hours"``, ``"3 months"``. Raises ValueError with what is accepted."""
    match = re.fullmatch(r"\s*(\d{1,9})\s*(second|minute|hour|day|week|month|year)s?\s*", text)
    if not match or int(match[1]) == 0:
        raise ValueError(
            f"{text!r} is not an interval: write a number and seconds, minutes, hours, days, weeks, months or years"
        )
    count, unit = int(match[1]), match[2]
    found = Span(months=count * _MONTHS[unit]) if unit in _MONTHS else Span(seconds=count * _SECONDS[unit])
    if found.about > timedelta(days=365 * _YEARS_MAX):
        raise ValueError(f"{text!r} is longer than {_YEARS_MAX} years")
    return found


def floor(moment: datetime, span: Span) -> datetime:
    """The beginning of the piece that ``moment`` lies in."""
    if span.months:
        index = (moment.year - 2000) * 12 + moment.month - 1
        return _month(index - index % span.months)
    width = timedelta(seconds=span.seconds)
    return moment - (moment - ORIGIN) % width


def later(moment: datetime, span: Span, count: int = 1) -> datetime:
    """``moment`` plus ``count`` spans (negative: earlier), as PostgreSQL adds months: 31 January plus a month is the
    last of February. Before year 1 and after 9999 the end of the calendar stands."""
    try:
        if not span.months:
            return moment + timedelta(seconds=span.seconds * count)
        index = (moment.year - 2000) * 12 + moment.month - 1 + span.months * count
        first, after = _month(index), _month(index + 1)
        day = min(moment.day, (after - first).days)
        return first.replace(
            day=day, hour=moment.hour, minute=moment.minute, second=moment.second, microsecond=moment.microsecond
        )
    except (OverflowError, ValueError):
        return EARLIEST if count < 0 else LATEST


def pieces(start: datetime, end: datetime, span: Span) -> Iterator[tuple[datetime, datetime]]:
    """The pieces that cover ``start`` to ``end``, whole, oldest first."""
    lower = floor(start, span)
    while lower < end:
        upper = later(lower, span)
        if upper <= lower:
            return
        yield lower, upper
        lower = upper


def iso(moment: datetime) -> str:
    """``2026-11-20 09:30:00``: as PostgreSQL reads it, in a timestamp column as it is, else with ``+00`` after it."""
    return moment.isoformat(sep=" ")


def shown(moment: datetime) -> str:
    """For a person: a midnight is a day."""
    return iso(moment)[:10] if moment == datetime(moment.year, moment.month, moment.day) else iso(moment)


def parse_moment(text: str) -> datetime:
    """A moment as ISO 8601 writes it; with a zone it is taken to UTC. Raises ValueError."""
    found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo is not None else found


EARLIEST = datetime(1, 1, 1)
LATEST = datetime(9999, 12, 31)


def _month(index: int) -> datetime:
    """The first moment of the month that lies ``index`` months after January 2000."""
    return datetime(2000 + index // 12, index % 12 + 1, 1)
