"""How the rows of a table fall on the rows they refer to: evenly, by popularity, or so many for each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import gcd

from freehold.seed.stream import Stream
from freehold.seed.weights import Alias, Ranks

PATTERN = 1024
"""A fan-out repeats after this many parents; shuffled, so that no neighbourhood is special."""

Chosen = tuple[Sequence[int], Sequence[int]]
"""For each row the row it refers to, and its place among those that refer to the same one."""


@dataclass(frozen=True)
class Fan:
    """From ``least`` to ``most`` rows for each parent; ``k`` of them is ``k ** -exponent`` times as likely as one."""

    least: int
    most: int
    exponent: float
    stream: Stream

    @cached_property
    def counts(self) -> list[int]:
        """Rows of each parent of the pattern; how often a number occurs is exact, only the order is random."""
        if self.least == self.most:
            return [self.least] * PATTERN
        weights = [float(max(k, 1)) for k in range(self.least, self.most + 1)]
        if self.exponent:
            from freehold.seed.exact import power

            weights = [power(weight, -self.exponent) for weight in weights]
        else:
            weights = [1.0] * len(weights)
        total = sum(weights)
        ends = list(accumulate(weights))
        found = [
            self.least + min(bisect_right(ends, (n + 0.5) / PATTERN * total), len(weights) - 1) for n in range(PATTERN)
        ]
        order = sorted(range(PATTERN), key=self.stream.words(range(PATTERN), 7).__getitem__)
        return [found[n] for n in order]

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(self.counts))

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        return [(parent, place) for parent, count in enumerate(self.counts) for place in range(count)]

    @property
    def mean(self) -> tuple[int, int]:
        """Rows for each parent, as a fraction."""
        return self._ends[-1], PATTERN

    def capacity(self, parents: int) -> int:
        """How many rows that many parents take."""
        whole, rest = divmod(parents, PATTERN)
        return whole * self._ends[-1] + (self._ends[rest - 1] if rest else 0)

    def choose(self, rows: Sequence[int]) -> Chosen:
        """Parent and place of each row, parents in order."""
        if self.least == self.most:
            each = self.least
            return [row // each for row in rows], [row % each for row in rows]
        period, places = self._ends[-1], self._places
        return (
            [row // period * PATTERN + places[row % period][0] for row in rows],
            [places[row % period][1] for row in rows],
        )


def uniform(count: int, stream: Stream) -> Callable[[Sequence[int]], list[int]]:
    """Any of ``count`` rows, all alike."""
    return lambda rows: [word % count for word in stream.words(rows)]


def popular(count: int, exponent: float, stream: Stream) -> Callable[[Sequence[int]], list[int]]:
    """Few rows very often, most of them hardly ever; which ones is as random as the rest."""
    ranks, (factor, shift) = Ranks(count, exponent), shuffle(count, stream)
    return lambda rows: [(rank * factor + shift) % count for rank in ranks.picks(*stream.pairs(rows))]


def earlier(stream: Stream) -> Callable[[Sequence[int]], list[int]]:
    """Any row before the row itself; row 0 has only itself."""
    return lambda rows: [word % row if row else 0 for row, word in zip(rows, stream.words(rows), strict=True)]


def once(base: int, stream: Stream) -> Callable[[Sequence[int]], list[int]]:
    """Each row at most once, in no order; rows from ``base`` on refer to the row of their own number."""
    factor, shift = shuffle(base, stream)
    return lambda rows: [(row * factor + shift) % base if row < base else row for row in rows]


def shuffle(count: int, stream: Stream) -> tuple[int, int]:
    """A factor and a shift: ``row * factor + shift`` modulo ``count`` meets every row once."""
    words = stream.words(range(64), 5)
    shift = words[0] % count
    middle = int(count * 0.6180339887498949)
    for word in words[1:]:
        factor = (middle + word % max(1, count // 8)) % count
        if factor and gcd(factor, count) == 1:
            return factor, shift
    return 1 % count or 1, shift


def fan_of(least: int, most: int, exponent: float, stream: Stream) -> Fan:
    """A fan-out. ``most`` is at least 1 and not less than ``least``."""
    return Fan(least, most, exponent, stream)


__all__ = ["PATTERN", "Alias", "Chosen", "Fan", "earlier", "fan_of", "once", "popular", "shuffle", "uniform"]
