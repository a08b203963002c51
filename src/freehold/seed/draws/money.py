"""Amounts of money: a long tail above a median, in cents, and now and then a price that ends in 99.

Example:
    columns:
      amount: {money: {median: 49, spread: 0.9, min: 1, max: 100000}}
      price: {money: {median: 20, charm: 0.7}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.exact import exp
from freehold.seed.model import Chunk, Value
from freehold.seed.quantiles import of_normal


def _make(args: Args, place: Place) -> Drawn:
    median, spread = args.number("median", 50, low=0.01), args.number("spread", 1, low=0, high=20)
    least, most = args.number("min", 0.01), args.number("max", 1e12)
    table = of_normal(lambda z: median * exp(spread * z), least, most)
    limit = int(args.number("charm", 0, 0, 1) * 2**53)
    stream = place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        words, others = stream.pairs(chunk.rows)
        amounts = table.values(words)
        if not limit:
            return [round(amount * 100) / 100 for amount in amounts]
        return [
            (max(99, round(amount) * 100 - 1) if other >> 11 < limit else round(amount * 100)) / 100
            for amount, other in zip(amounts, others, strict=True)
        ]

    return Drawn(Kind.NUMBER, values, decimals=2)


money = Draw(
    _make,
    {
        "median": "half of the amounts lie below; 50",
        "spread": "the deviation of the logarithm: 0.5 is narrow, 2 is wide; 1",
        "min": "what is less becomes this; 0.01",
        "max": "what is more becomes this",
        "charm": "share of amounts that end in 99 cents; 0",
    },
    short="median",
)
