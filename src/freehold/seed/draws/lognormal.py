"""Positive numbers with a long tail: sizes, durations, incomes. Half of them lie below the median.

Example:
    columns:
      quantity: {lognormal: {median: 100, spread: 1.2, decimals: 4}}
      duration_ms: {lognormal: {median: 35, spread: 0.8, decimals: 0, min: 1}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.exact import exp
from freehold.seed.model import Chunk, Value
from freehold.seed.quantiles import of_normal


def _make(args: Args, place: Place) -> Drawn:
    median, spread = args.number("median", 1, low=1e-300), args.number("spread", 1, low=0, high=20)
    table = of_normal(lambda z: median * exp(spread * z), args.limit("min"), args.limit("max"))
    stream = place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return table.values(stream.words(chunk.rows))

    return Drawn(Kind.NUMBER, values, decimals=args.whole("decimals", 2, 0, 15))


lognormal = Draw(
    _make,
    {
        "median": "half of the numbers lie below; 1",
        "spread": "the deviation of the logarithm: 0.5 is narrow, 2 is wide; 1",
        "min": "what is less becomes this",
        "max": "what is more becomes this",
        "decimals": "digits after the point; 2",
    },
    short="median",
)
