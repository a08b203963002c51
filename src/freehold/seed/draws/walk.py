"""Prices that wander: each row a little above or below the last, without ever reading the last.

The logarithm does a random walk (geometric Brownian motion), so that prices stay positive. With ``of``, every value of
another column (a symbol) has a walk and a start of its own. Any row can be computed alone.

Example:
    columns:
      symbol: {zipf: {of: [SPY, AAPL, MSFT]}}
      price: {walk: {start: 180, volatility: 0.25, of: symbol, decimals: 4}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.walks import Walks


def _make(args: Args, place: Place) -> Drawn:
    of = args.text("of")
    if of and place.sibling(of) is None:
        args.refuse("of", f'there is no column "{of}" to follow', "Name a column that is drawn.")
        of = ""
    walks = Walks(
        place.stream,
        start=args.number("start", 100, low=1e-9, high=1e15),
        spread=args.number("spread", 0.8 if of else 0, low=0, high=10),
        volatility=args.number("volatility", 0.3, low=0, high=10),
        drift=args.number("drift", 0, low=-10, high=10),
        rows=max(1, place.size.base),
    )

    def values(chunk: Chunk) -> Sequence[Value]:
        return walks.values(chunk.rows, chunk.column(of) if of else None)

    return Drawn(Kind.NUMBER, values, decimals=args.whole("decimals", 2, 0, 15))


walk = Draw(
    _make,
    {
        "start": "the price in the first row; 100",
        "spread": "how far the starts of several walks lie apart (deviation of the logarithm); 0.8, 0 without of",
        "volatility": "deviation of the logarithm from the first row to the last; 0.3",
        "drift": "the logarithm's way from the first row to the last, without chance; 0",
        "of": "a column: each of its values walks alone",
        "decimals": "digits after the point; 2",
    },
    short="start",
)
