"""Logarithm, exponential and the normal distribution from the four operations and the square root alone.

IEEE 754 fixes the result of those five to the last bit; what a platform's C library makes of ``log`` and ``exp`` is its
own affair. Here the same bytes must come out everywhere.
"""

from __future__ import annotations

from functools import cache
from math import frexp, ldexp, sqrt

_LN2_HIGH = 0.693147180369123816490
_LN2_LOW = 1.90821492927058770002e-10
_EXP_TERMS = tuple(range(17, 0, -1))
_LN_TERMS = tuple(range(27, 0, -2))


def exp(x: float) -> float:
    """e to the power of ``x``; to about 15 digits."""
    if x > 709:
        return 8.2184074615549724e307
    if x < -745:
        return 0.0
    steps = round(x / (_LN2_HIGH + _LN2_LOW))
    rest = x - steps * _LN2_HIGH - steps * _LN2_LOW
    total = 1.0
    for n in _EXP_TERMS:
        total = 1.0 + total * rest / n
    return ldexp(total, steps)


def ln(x: float) -> float:
    """The natural logarithm of a positive number; to about 15 digits."""
    part, steps = frexp(x)
    if part < 0.70710678118654752:
        part, steps = part * 2, steps - 1
    s = (part - 1) / (part + 1)
    square = s * s
    total = 0.0
    for n in _LN_TERMS:
        total = total * square + 1.0 / n
    return steps * _LN2_HIGH + (2 * s * total + steps * _LN2_LOW)


def power(x: float, y: float) -> float:
    """``x`` to the power of ``y``, for a positive ``x``."""
    return exp(y * ln(x))


def above(z: float) -> float:
    """The share of a standard normal distribution that lies above ``z``, for a ``z`` from 0 to 8."""
    term = total = z
    n = 1
    while term > total * 1e-18:
        n += 2
        term *= z * z / n
        total += term
    return 0.5 - total * _density(z)


@cache
def normal_tail(shares: tuple[float, ...]) -> tuple[float, ...]:
    """For each share the ``z`` above which it lies; the shares fall from one half."""
    found: list[float] = []
    z = 0.0
    for share in shares:
        for _ in range(40):
            step = (above(z) - share) / _density(z)
            step = max(-0.25, min(0.25, step))
            z += step
            if -1e-13 < step < 1e-13:
                break
        found.append(z)
    return tuple(found)


def _density(z: float) -> float:
    return exp(-z * z / 2) / sqrt(6.283185307179586477)
