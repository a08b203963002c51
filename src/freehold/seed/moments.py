"""Moments as whole microseconds since 1970 in UTC: read from text, written as PostgreSQL reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d|w)")
_UNITS = {"us": 1, "ms": 1000, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}


def parse_moment(text: str) -> int:
    """``2026-01-31``, ``2026-01-31 12:30`` or with seconds and offset; UTC where none is written. Raises ValueError."""
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return (found - _EPOCH) // timedelta(microseconds=1)


def parse_near(text: str, anchor: int) -> int:
    """As ``parse_moment``, or relative to the anchor: ``today``, ``-90d``, ``-90d 12h``, ``+2h``. Raises ValueError."""
    words = text.strip()
    if words == "today":
        return anchor
    if words[:1] in ("-", "+"):
        span = sum(parse_span(part) for part in words[1:].split())
        return anchor + (span if words[0] == "+" else -span)
    return parse_moment(words)


def is_near(text: str) -> bool:
    """Whether a moment depends on the anchor."""
    return text.strip() == "today" or text.strip()[:1] in ("-", "+")


def parse_span(text: str) -> int:
    """``30s``, ``5min``, ``2h``, ``90d``, ``2w`` as microseconds. Raises ValueError."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a span: write a number and one of us, ms, s, min, h, d, w")
    return int(float(match[1]) * _UNITS[match[2]])


def day_text(day: int) -> str:
    """The date of a number of days since 1970."""
    return date.fromordinal(day + _EPOCH_DAY).isoformat()


def weekday(day: int) -> int:
    """0 is Monday."""
    return (day + 3) % 7


class _Hours(dict[int, str]):
    """``2026-01-31 12:`` of an hour since 1970, made on first use."""

    def __missing__(self, hour: int) -> str:
        day, rest = divmod(hour, 24)
        if len(self) > 200_000:  # twenty years; scattered moments of centuries must not fill the memory
            self.clear()
        found = self[hour] = f"{day_text(day)} {rest:02d}:"
        return found


_HOURS = _Hours()
# small tables stay in the processor's cache: one of 86,400 seconds was seen to take three times as long
_MINUTES = tuple(f"{minute:02d}:{second:02d}." for minute in range(60) for second in range(60))
_THOUSANDTHS = tuple(f"{n:03d}" for n in range(1000))


def moment_text(moment: int) -> str:
    """``2026-01-31 12:30:00.5``, without an offset."""
    return moment_texts([moment], "")[0].rstrip("0").rstrip(".")


def moment_texts(moments: Sequence[int], end: str) -> list[str]:
    """Many moments at once; ``end`` is the offset to write."""
    hours, minutes, parts = _HOURS, _MINUTES, _THOUSANDTHS
    return [
        f"{hours[moment // HOUR]}{minutes[moment // SECOND % 3600]}"
        f"{parts[moment // 1000 % 1000]}{parts[moment % 1000]}{end}"
        for moment in moments
    ]


def clock_texts(moments: Sequence[int]) -> list[str]:
    """Only the time of day."""
    return [text.partition(" ")[2] for text in moment_texts(moments, "")]
