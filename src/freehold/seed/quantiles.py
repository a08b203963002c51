"""Any continuous distribution as a table of its quantiles: drawing is one look-up and one interpolation.

The table has 1024 cells; the first and the last are divided again by 1024, so the tails reach to one in sixteen
million. Between two knots the distribution is taken as even.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from freehold.seed.exact import normal_tail

CELLS = 1024
_FINEST = 2.0**-24
_TO_CELL = 2.0**-54
_TO_PART = 2.0**-44
_MASK_CELL = (1 << 54) - 1
_MASK_PART = (1 << 44) - 1

FALLING: tuple[float, ...] = (
    *(n / CELLS for n in range(CELLS // 2, 0, -1)),
    *(n / CELLS / CELLS for n in range(CELLS - 1, 0, -1)),
    _FINEST,
)
"""The shares at the knots of one half of a table, from the middle to the tail."""


class Quantiles:
    """``low(share)`` is the value below which a share lies, ``high(share)`` the one above which it lies;
    both are asked for the shares of FALLING only. ``least`` and ``most`` cut what comes out."""

    def __init__(self, low: Sequence[float], high: Sequence[float], least: float | None, most: float | None) -> None:
        knots = [_cut(value, least, most) for value in low], [_cut(value, least, most) for value in high]
        half = CELLS // 2
        main = [*reversed(knots[0][:half]), *knots[1][1:half]]  # at 1/1024 .. 1023/1024
        tails = [list(reversed(knots[0][half - 1 :])), list(knots[1][half - 1 :])]
        self._at = [tails[0][0], *main, tails[1][-1]]
        self._step = [b - a for a, b in zip(self._at, self._at[1:], strict=False)]
        self._tails = tails

    def values(self, words: Sequence[int]) -> list[float]:
        """A value for each word."""
        at, step, tail = self._at, self._step, self._tail
        return [
            at[k] + step[k] * ((word & _MASK_CELL) * _TO_CELL) if 0 < (k := word >> 54) < 1023 else tail(word)
            for word in words
        ]

    def _tail(self, word: int) -> float:
        knots = self._tails[0 if word >> 54 == 0 else 1]
        cell = (word >> 44) & 1023
        start = knots[cell]
        return start + (knots[cell + 1] - start) * ((word & _MASK_PART) * _TO_PART)


def quantiles(
    low: Callable[[float], float], high: Callable[[float], float], least: float | None = None, most: float | None = None
) -> Quantiles:
    """The table of a distribution by its two functions of a share."""
    return Quantiles([low(share) for share in FALLING], [high(share) for share in FALLING], least, most)


def of_normal(value: Callable[[float], float], least: float | None = None, most: float | None = None) -> Quantiles:
    """The table of a rising function of a standard normal variable."""
    tail = normal_tail(FALLING)
    return Quantiles([value(-z) for z in tail], [value(z) for z in tail], least, most)


def _cut(value: float, least: float | None, most: float | None) -> float:
    if least is not None and value < least:
        return least
    return most if most is not None and value > most else value
