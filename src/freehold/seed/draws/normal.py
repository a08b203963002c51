"""Numbers around a mean, as a bell curve has them.

Example:
    columns:
      height_cm: {normal: {mean: 172, deviation: 9, decimals: 1}}
      daily_return: {normal: {mean: 0.0003, deviation: 0.012, decimals: 6, min: -0.2, max: 0.2}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.quantiles import of_normal


def _make(args: Args, place: Place) -> Drawn:
    mean, deviation = args.number("mean", 0), args.number("deviation", 1, low=0)
    table = of_normal(lambda z: mean + deviation * z, args.limit("min"), args.limit("max"))
    stream = place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return table.values(stream.words(chunk.rows))

    return Drawn(Kind.NUMBER, values, decimals=args.whole("decimals", 2, 0, 15))


normal = Draw(
    _make,
    {
        "mean": "the middle; 0",
        "deviation": "the standard deviation; 1",
        "min": "what is less becomes this",
        "max": "what is more becomes this",
        "decimals": "digits after the point; 2",
    },
    short="mean",
)
