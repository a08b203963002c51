"""Names of companies that do not exist; unique where the row's number is asked for.

Example:
    columns:
      employer: company
      legal_name: {company: {unique: true}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.lists import COMPANY_ENDS, LAST_NAMES, TRADES
from freehold.seed.model import Chunk, Value


def _make(args: Args, place: Place) -> Drawn:
    stream, unique = place.stream, args.flag("unique", False)

    def values(chunk: Chunk) -> Sequence[Value]:
        return [
            f"{LAST_NAMES[word % len(LAST_NAMES)]} {TRADES[(word >> 20) % len(TRADES)]}"
            f"{f' {row + 1}' if unique else ''} {COMPANY_ENDS[(word >> 40) % len(COMPANY_ENDS)]}"
            for row, word in zip(chunk.rows, stream.words(chunk.rows), strict=True)
        ]

    return Drawn(Kind.TEXT, values, plain=True)


company = Draw(_make, {"unique": "true or false: whether the row's number stands in it; false"})
