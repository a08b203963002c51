"""Waiting times: from zero, with a mean; the time from one event to the next.

Example:
    columns:
      seconds_waited: {exponential: {mean: 40, decimals: 1}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.exact import ln
from freehold.seed.model import Chunk, Value
from freehold.seed.quantiles import quantiles


def _make(args: Args, place: Place) -> Drawn:
    mean = args.number("mean", 1, low=0)
    table = quantiles(
        lambda share: -mean * ln(1 - share), lambda share: -mean * ln(share), args.limit("min"), args.limit("max")
    )
    stream = place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return table.values(stream.words(chunk.rows))

    return Drawn(Kind.NUMBER, values, decimals=args.whole("decimals", 2, 0, 15))


exponential = Draw(
    _make,
    {
        "mean": "the mean; 1",
        "min": "what is less becomes this",
        "max": "what is more becomes this",
        "decimals": "digits after the point; 2",
    },
    short="mean",
)
