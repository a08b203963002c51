"""Moments as whole microseconds since 1970 in UTC: read from text, written as PostgreSQL reads them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache

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


@cache
def clock_texts() -> tuple[str, ...]:
    """``HH:MM:SS`` of every second of a day."""
    two = [f"{n:02d}" for n in range(60)]
    return tuple(f"{h}:{m}:{s}" for h in two[:24] for m in two for s in two)


def moment_text(moment: int) -> str:
    """``2026-01-31 12:30:00.5``, without an offset."""
    day, rest = divmod(moment, DAY)
    seconds, micros = divmod(rest, SECOND)
    text = f"{day_text(day)} {clock_texts()[seconds]}"
    return f"{text}.{micros:06d}".rstrip("0") if micros else text


def moment_texts(moments: list[int], end: str) -> list[str]:
    """Many moments at once; ``end`` is the offset to write."""
    clock = clock_texts()
    parts = [divmod(moment, DAY) for moment in moments]
    days = {day: day_text(day) for day in {day for day, _ in parts}}
    return [f"{days[day]} {clock[rest // SECOND]}.{rest % SECOND:06d}{end}" for day, rest in parts]
