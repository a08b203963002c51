"""A few values very often and most of them hardly ever: words, symbols, pages. Whole numbers from 1, or a list.

The second value is ``2 ** exponent`` times rarer than the first, the third ``3 ** exponent`` times.

Example:
    columns:
      page: {zipf: {count: 5000, exponent: 1.1}}
      symbol: {zipf: {of: [SPY, AAPL, MSFT, NVDA, TSLA], exponent: 0.8}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.typed import typed
from freehold.seed.weights import Ranks


def _make(args: Args, place: Place) -> Drawn:
    exponent = args.number("exponent", 1.0, low=0, high=10)
    listed = [value for value, _ in args.weights("of")]
    count = len(listed) or args.whole("count", 1000, 1, 10**15)
    ranks, stream = Ranks(count, exponent), place.stream
    if not listed:

        def numbers(chunk: Chunk) -> Sequence[Value]:
            return [1 + rank for rank in ranks.picks(*stream.pairs(chunk.rows))]

        return Drawn(Kind.INTEGER, numbers)
    kind, items = typed(listed)

    def values(chunk: Chunk) -> Sequence[Value]:
        return [items[rank] for rank in ranks.picks(*stream.pairs(chunk.rows))]

    return Drawn(kind, values)


zipf = Draw(
    _make,
    {
        "count": "how many numbers; 1000",
        "of": "the values instead, the most frequent first",
        "exponent": "0 makes all alike; 1",
    },
    short="of",
)
