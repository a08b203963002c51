"""Names of cities.

Example:
    columns:
      city: city
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.lists import CITIES
from freehold.seed.model import Chunk, Value
from freehold.seed.weights import Ranks


def _make(args: Args, place: Place) -> Drawn:
    ranks, stream = Ranks(len(CITIES), 0.6), place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return [CITIES[i] for i in ranks.picks(*stream.pairs(chunk.rows))]

    return Drawn(Kind.TEXT, values, plain=True)


city = Draw(_make, {})
