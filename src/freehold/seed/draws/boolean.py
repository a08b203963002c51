"""True with a probability, else false.

Example:
    columns:
      active: {boolean: 0.93}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value


def _make(args: Args, place: Place) -> Drawn:
    limit = int(args.number("probability", 0.5, 0, 1) * 2**53)
    stream = place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return [word >> 11 < limit for word in stream.words(chunk.rows)]

    return Drawn(Kind.TRUTH, values)


boolean = Draw(_make, {"probability": "share of rows that are true; 0.5"}, short="probability")
