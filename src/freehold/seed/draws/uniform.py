"""Numbers between two bounds, all alike; whole numbers unless decimals are asked for.

Example:
    columns:
      age: {uniform: {from: 18, to: 90}}
      score: {uniform: {from: 0, to: 1, decimals: 4}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value


def _make(args: Args, place: Place) -> Drawn:
    decimals = args.whole("decimals", 0, 0, 15)
    scale = 10**decimals
    low, high = args.number("from", 0), args.number("to", 100)
    first, last = round(low * scale), round(high * scale)
    if last < first:
        args.refuse("to", "to is less than from", "Write the smaller number behind from.")
        last = first
    count, stream = last - first + 1, place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        if decimals:
            return [(first + word % count) / scale for word in stream.words(chunk.rows)]
        return [first + word % count for word in stream.words(chunk.rows)]

    return Drawn(Kind.NUMBER if decimals else Kind.INTEGER, values, decimals=decimals)


uniform = Draw(
    _make,
    {"from": "the least number; 0", "to": "the greatest; 100", "decimals": "digits after the point; 0"},
)
