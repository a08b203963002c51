"""Random walks whose every point can be computed alone: Lévy's construction, halving an interval at each level.

The walk has a point for every CELL rows. The value in the middle of an interval is the mean of its ends and a normal
number that belongs to this middle; so a point costs one number for each halving, whoever asks and in whatever order.
Between two points the price goes straight, with a little noise.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import sqrt

from freehold.seed.exact import exp
from freehold.seed.model import Value
from freehold.seed.quantiles import of_normal
from freehold.seed.stream import Stream

CELL = 512
LEVELS = 34
"""Two to this power points: more rows than anybody loads."""


class Walks:
    """One walk for each key. ``rows`` is how many rows a volatility lasts."""

    def __init__(
        self, stream: Stream, *, start: float, spread: float, volatility: float, drift: float, rows: int
    ) -> None:
        self._stream = stream
        self._normal = of_normal(lambda z: z)
        self._start, self._spread = start, spread
        self._cell = max(1, min(CELL, rows // 64))
        cells = max(1.0, rows / self._cell)
        self._step, self._drift = volatility / sqrt(cells), drift / cells
        self._noise = volatility / sqrt(rows)
        self._streams: dict[str, Stream] = {}

    def values(self, rows: Sequence[int], keys: Sequence[Value] | None) -> list[Value]:
        """The price in each row, of the walk of its key."""
        cell = self._cell
        names = [""] * len(rows) if keys is None else [str(key) for key in keys]
        wanted: dict[str, set[int]] = {}
        places = [divmod(row, cell) for row in rows]
        for name, (at, _) in zip(names, places, strict=True):
            wanted.setdefault(name, set()).add(at)
        prices = {name: self._prices(name, sorted(found | {at + 1 for at in found})) for name, found in wanted.items()}
        noise, half = self._noise, 2.0**-52
        found: list[Value] = []
        for name, (at, part), word in zip(names, places, self._stream.words(rows), strict=True):
            here = prices[name]
            before = here[at]
            price = before + (here[at + 1] - before) * part / cell
            found.append(price * (1 + noise * ((word >> 11) * half - 1)))
        return found

    def _prices(self, name: str, points: list[int]) -> dict[int, float]:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = self._stream.below("walk", name)
        middles = list(_middles(points, 0, LEVELS, 0, len(points)))
        end = 1 << LEVELS
        normals = self._normal.values(stream.words([*middles, end, end + 1]))
        start = self._start * exp(self._spread * normals[-1])
        path = {0: 0.0, end: normals[-2] * sqrt(float(end))}
        numbers = iter(normals)
        for middle in middles:
            reach = middle & -middle
            path[middle] = (path[middle - reach] + path[middle + reach]) / 2 + next(numbers) * sqrt(reach / 2)
        return {at: start * exp(self._step * path[at] + self._drift * at) for at in points}


def _middles(points: list[int], low: int, level: int, first: int, last: int) -> Iterator[int]:
    """The middles of every interval on the way to ``points[first:last]``, outer ones first."""
    if level == 0 or first >= last:
        return
    middle = low + (1 << (level - 1))
    left, right = bisect_left(points, middle, first, last), bisect_right(points, middle, first, last)
    inside = bisect_right(points, low, first, last)
    if inside >= last:
        return
    yield middle
    yield from _middles(points, low, level - 1, inside, left)
    yield from _middles(points, middle, level - 1, right, last)
