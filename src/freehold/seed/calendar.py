"""A window of time with busy and quiet hours: moments drawn from it at random, or rising from row to row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from freehold.seed.moments import DAY, HOUR, SECOND, weekday
from freehold.seed.weights import Alias

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
    """The hours of a window by weight, in seconds. The window must hold a second of weight."""

    def __init__(self, window: Window, daily: Sequence[int], weekly: Sequence[int]) -> None:
        starts: list[int] = []
        weights: list[int] = []
        sizes: list[int] = []
        moment = window.start // SECOND * SECOND
        if len(set(daily)) == len(set(weekly)) == 1 and daily[0] and weekly[0]:
            starts, weights, sizes = [moment], [1], [(window.end - moment) // SECOND]
            moment = window.end
        while moment < window.end:
            end = min((moment // HOUR + 1) * HOUR, window.end)
            weight = daily[moment % DAY // HOUR] * weekly[weekday(moment // DAY)]
            if weight and end - moment >= SECOND:
                starts.append(moment)
                weights.append(weight)
                sizes.append((end - moment) // SECOND)
            moment = end
        self._starts, self._weights, self._sizes = starts, weights, sizes
        self._ends = list(accumulate(map(mul, weights, sizes)))
        self._total = self._ends[-1] if sizes else 0
        self._alias: Alias | None = None

    @property
    def empty(self) -> bool:
        """Whether no moment has any weight."""
        return self._total == 0

    def random(self, words: Sequence[int], others: Sequence[int], step: int) -> list[int]:
        """A moment for each word, cut to multiples of ``step`` microseconds."""
        if self._alias is None:
            self._alias = Alias(list(map(mul, self._weights, self._sizes)))
        starts, sizes = self._starts, self._sizes
        picks = self._alias.picks(words)
        if step == 1:
            return [starts[i] + other % (sizes[i] * SECOND) for i, other in zip(picks, others, strict=True)]
        return [starts[i] + other % (sizes[i] * SECOND) // step * step for i, other in zip(picks, others, strict=True)]

    def rising(self, rows: Sequence[int], count: int, words: Sequence[int], step: int) -> list[int]:
        """A moment for each row of ``count``, none before that of an earlier row; a row past the end starts anew."""
        ends, starts, weights, total = self._ends, self._starts, self._weights, self._total
        found: list[int] = []
        low = high = start = weight = 0
        for row, word in zip(rows, words, strict=True):
            at, rest = divmod(row % count * total + word % total, count)
            if not low <= at < high:
                i = bisect_right(ends, at)
                low, high, start, weight = (ends[i - 1] if i else 0), ends[i], starts[i], weights[i]
            # the place inside the hour, in weights of a second and the rest of one
            found.append(start + ((at - low) * SECOND + rest * SECOND // count) // weight // step * step)
        return found
