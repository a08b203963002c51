"""Codes of currencies (ISO 4217), about as often as they are traded.

Example:
    columns:
      currency: currency
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.lists import CURRENCIES
from freehold.seed.model import Chunk, Value
from freehold.seed.weights import Alias


def _make(args: Args, place: Place) -> Drawn:
    items = [code for code, _ in CURRENCIES]
    alias, stream = Alias([weight for _, weight in CURRENCIES]), place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return [items[i] for i in alias.picks(stream.words(chunk.rows))]

    return Drawn(Kind.TEXT, values, plain=True)


currency = Draw(_make, {})
