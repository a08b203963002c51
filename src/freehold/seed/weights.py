"""Picking by weight in constant time: the alias method over whole numbers, and ranks by Zipf's law."""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.exact import ln, power

_SCALE = 1 << 40
_LOW = (1 << 32) - 1
_SINGLE_RANKS = 256
_GROWTH = 32
"""From the 257th rank on, a bucket holds one thirty-second of all ranks before it."""


class Alias:
    """Picks index ``i`` with probability ``weights[i] / sum(weights)``; exact, as far as 32 bits can tell."""

    def __init__(self, weights: Sequence[float]) -> None:
        largest = max(weights)
        parts = [int(weight / largest * _SCALE) for weight in weights]
        count, total = len(parts), sum(parts)
        left = [part * count for part in parts]
        small = [i for i, part in enumerate(left) if part < total]
        large = [i for i, part in enumerate(left) if part >= total]
        self._limit = [1 << 32] * count
        self._other = list(range(count))
        while small and large:
            poor, rich = small.pop(), large[-1]
            self._limit[poor] = (left[poor] << 32) // total
            self._other[poor] = rich
            left[rich] -= total - left[poor]
            if left[rich] < total:
                small.append(large.pop())
        self._count = count

    def picks(self, words: Sequence[int]) -> list[int]:
        """An index for each word."""
        count, limit, other = self._count, self._limit, self._other
        if count == 1:
            return [0] * len(words)
        return [i if (word & _LOW) < limit[i := (word >> 32) * count >> 32] else other[i] for word in words]


class Ranks:
    """Ranks 0 to ``count`` - 1, where rank ``k`` is ``(k + 1) ** -exponent`` times as likely as rank 0.

    The first ranks have their exact probability. Later ones are drawn in buckets, even inside a bucket, so that a
    billion ranks need some hundred numbers.
    """

    def __init__(self, count: int, exponent: float) -> None:
        starts: list[int] = []
        start = 0
        while start < count:
            starts.append(start)
            start += 1 if start < _SINGLE_RANKS else max(1, start // _GROWTH)
        ends = [*starts[1:], count]
        self._starts = starts
        self._sizes = [end - start for start, end in zip(starts, ends, strict=True)]
        self._alias = Alias([_weight(a, b, exponent) for a, b in zip(starts, ends, strict=True)])

    def picks(self, words: Sequence[int], others: Sequence[int]) -> list[int]:
        """A rank for each word; ``others`` are a second number for each."""
        starts, sizes = self._starts, self._sizes
        return [
            starts[b] if sizes[b] == 1 else starts[b] + other % sizes[b]
            for b, other in zip(self._alias.picks(words), others, strict=True)
        ]


def _weight(start: int, end: int, exponent: float) -> float:
    """The sum of ``(k + 1) ** -exponent`` over a bucket; its integral where the bucket is wide."""
    if end - start <= 8:
        return sum(power(rank + 1, -exponent) for rank in range(start, end))
    low, high = start + 0.5, end + 0.5
    if abs(exponent - 1) < 1e-9:
        return ln(high) - ln(low)
    return (power(high, 1 - exponent) - power(low, 1 - exponent)) / (1 - exponent)
