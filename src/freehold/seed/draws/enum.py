"""The values that the column's type or a CHECK constraint allows, as the catalog has them.

The first value is the most frequent one when an exponent is given, as with zipf.

Example:
    columns:
      status: enum
      level: {enum: {exponent: 1}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.weights import Ranks


def _make(args: Args, place: Place) -> Drawn | None:
    items = place.allowed
    exponent = args.number("exponent", 0, 0, 10)
    if not items:
        args.refuse("", "neither the column's type nor a CHECK names its values", "Write {choice: [a, b]}.")
        return None
    ranks, stream = Ranks(len(items), exponent), place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return [items[i] for i in ranks.picks(*stream.pairs(chunk.rows))]

    return Drawn(Kind.TEXT, values)


enum = Draw(_make, {"exponent": "0 makes all values alike; 0"}, short="exponent")
