"""A window of time with busy and quiet hours: moments drawn from it at random, or rising from row to row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from freehold.seed.moments import DAY, HOUR, SECOND, weekday

HOURS_MAX = 24 * 366 * 60

DAILY: dict[str, tuple[int, ...]] = {
    "flat": (10,) * 24,
    "business": (1, 1, 1, 1, 1, 2, 5, 15, 50, 80, 90, 85, 60, 75, 90, 85, 75, 55, 25, 12, 8, 5, 3, 2),
    "evening": (12, 6, 3, 2, 2, 3, 6, 12, 18, 22, 25, 28, 32, 30, 28, 30, 35, 45, 60, 80, 95, 90, 60, 30),
    "market": (1, 1, 1, 1, 2, 3, 5, 20, 90, 70, 55, 45, 40, 55, 95, 90, 80, 60, 45, 40, 60, 10, 3, 2),
}
"""Weight of each hour of a day, in UTC."""

WEEKLY: dict[str, tuple[int, ...]] = {
    "flat": (10, 10, 10, 10, 10, 10, 10),
    "weekdays": (100, 104, 102, 98, 90, 12, 8),
    "workdays": (100, 104, 102, 98, 90, 0, 0),
    "weekend": (55, 52, 56, 64, 85, 110, 100),
}
"""Weight of each day of a week, Monday first."""


@dataclass(frozen=True, slots=True)
class Window:
    """From a moment up to, and without, another."""

    start: int
    end: int


class Calendar:
    """The seconds of a window by weight. The window must be of whole seconds and hold one hour of weight."""

    def __init__(self, window: Window, daily: Sequence[int], weekly: Sequence[int]) -> None:
        starts: list[int] = []
        weights: list[int] = []
        sizes: list[int] = []
        moment = window.start // SECOND * SECOND
        while moment < window.end:
            end = min((moment // HOUR + 1) * HOUR, window.end)
            weight = daily[moment % DAY // HOUR] * weekly[weekday(moment // DAY)]
            if weight and end - moment >= SECOND:
                starts.append(moment)
                weights.append(weight)
                sizes.append(weight * ((end - moment) // SECOND))
            moment = end
        self._starts, self._weights = starts, weights
        self._ends = list(accumulate(sizes))
        self._total = self._ends[-1] if sizes else 0

    @property
    def empty(self) -> bool:
        """Whether no moment has any weight."""
        return self._total == 0

    def random(self, words: Sequence[int], others: Sequence[int], step: int) -> list[int]:
        """A moment for each word, cut to multiples of ``step`` microseconds."""
        total, ends, starts, weights = self._total, self._ends, self._starts, self._weights
        parts = max(1, SECOND // step)
        found: list[int] = []
        for word, other in zip(words, others, strict=True):
            at = word % total
            i = bisect_right(ends, at)
            found.append(starts[i] + (ends[i] - 1 - at) // weights[i] * SECOND + other % parts * step)
        return found

    def rising(self, rows: Sequence[int], count: int, words: Sequence[int], step: int) -> list[int]:
        """A moment for each row of ``count``, none before that of an earlier row; a row past the end starts anew."""
        ends, starts, weights = self._ends, self._starts, self._weights
        whole = self._total * SECOND
        found: list[int] = []
        for row, word in zip(rows, words, strict=True):
            at, part = divmod((row % count * whole + word % whole) // count, SECOND)
            i = bisect_right(ends, at)
            before = ends[i - 1] if i else 0
            seconds, rest = divmod(at - before, weights[i])
            micros = (rest * SECOND + part) // weights[i]
            found.append(starts[i] + seconds * SECOND + micros // step * step)
        return found
