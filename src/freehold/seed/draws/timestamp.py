"""Moments of a window, at random or rising from row to row, with busy hours and busy days.

For timestamp, timestamptz, date and time columns. Where no ``from`` and ``to`` is written, the window of the recipe
counts; for the column by which a table is partitioned, the window that its partitions cover.

Example:
    columns:
      placed_at: {timestamp: {daily: business, weekly: weekdays}}
      ticked_at: {timestamp: {order: rising, daily: market, weekly: workdays, step: 1ms}}
      born_on: {timestamp: {from: 1950-01-01, to: 2008-01-01}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.calendar import DAILY, HOURS_MAX, WEEKLY, Calendar, Window
from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.moments import HOUR, SECOND, moment_text
from freehold.spec.tree import Text


def _make(args: Args, place: Place) -> Drawn | None:
    start, end = args.moment("from"), args.moment("to")
    window = Window(place.window.start if start is None else start, place.window.end if end is None else end)
    outside = window.start < place.window.start or window.end > place.window.end
    if place.bounded and outside:
        shown = f"{moment_text(place.window.start)} to {moment_text(place.window.end)}"
        args.refuse(
            "from" if start is not None else "to",
            "some of these moments fall into no partition",
            f"The partitions cover {shown}: leave from and to out, or add partitions.",
        )
        return None
    if (window.end - window.start) // HOUR > HOURS_MAX or window.end - window.start < SECOND:
        args.refuse("to", "the window is shorter than a second or longer than sixty years", "Write from and to.")
        return None
    calendar = Calendar(window, _profile(args, "daily", DAILY), _profile(args, "weekly", WEEKLY))
    if calendar.empty:
        args.refuse("weekly", "no moment of the window has any weight", "Widen the window.")
        return None
    step = max(1, args.duration("step", 1))
    stream, base = place.stream, max(1, place.size.base)
    if args.word("order", ("random", "rising"), "random") == "rising":
        return Drawn(
            Kind.MOMENT, lambda chunk: calendar.rising(chunk.rows, base, stream.words(chunk.rows), step), plain=True
        )

    def values(chunk: Chunk) -> Sequence[Value]:
        return calendar.random(*stream.pairs(chunk.rows), step)

    return Drawn(Kind.MOMENT, values, plain=True)


def _profile(args: Args, key: str, known: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    data = args.data(key)
    if not isinstance(data, list):
        return known[args.word(key, tuple(known), "flat")]
    count = len(known["flat"])
    texts = [str(item) for item in data if isinstance(item, Text)]
    if len(data) != count or not all(text.isascii() and text.isdigit() and len(text) < 5 for text in texts):
        args.refuse(key, f"{key} is no list of {count} weights", f"Write {count} whole numbers from 0 to 9999.")
        return known["flat"]
    return tuple(int(text) for text in texts)


timestamp = Draw(
    _make,
    {
        "from": "the first moment, in UTC; the window's",
        "to": "the end, itself not included; the window's",
        "order": "random, or rising: no row before the row above it; random",
        "daily": "flat, business, evening, market, or a list of 24 weights; flat",
        "weekly": "flat, weekdays, workdays, weekend, or a list of 7 weights, Monday first; flat",
        "step": "moments are multiples of this: 1us, 1ms, 1s; 1us",
    },
)
