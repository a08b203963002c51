"""Numbers of which a few are enormous: wealth, file sizes, followers. None lies below the least.

Example:
    columns:
      followers: {pareto: {least: 1, shape: 1.16, decimals: 0, max: 5000000}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.exact import power
from freehold.seed.model import Chunk, Value
from freehold.seed.quantiles import quantiles


def _make(args: Args, place: Place) -> Drawn:
    least, shape = args.number("least", 1, low=1e-300), args.number("shape", 1.16, low=0.05, high=1000)
    table = quantiles(
        lambda share: least * power(1 - share, -1 / shape),
        lambda share: least * power(share, -1 / shape),
        None,
        args.limit("max"),
    )
    stream = place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return table.values(stream.words(chunk.rows))

    return Drawn(Kind.NUMBER, values, decimals=args.whole("decimals", 2, 0, 15))


pareto = Draw(
    _make,
    {
        "least": "the smallest number; 1",
        "shape": "the smaller, the heavier the tail; 1.16 gives a fifth of the rows four fifths of the sum",
        "max": "what is more becomes this",
        "decimals": "digits after the point; 2",
    },
    short="least",
)
