"""Telephone numbers as E.164 writes them: a plus, the country's code and digits.

Example:
    columns:
      phone: phone
      mobile: {phone: {code: 49, digits: 10}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.lists import PHONE_CODES
from freehold.seed.model import Chunk, Value


def _make(args: Args, place: Place) -> Drawn:
    code = args.whole("code", 0, 0, 999)
    codes = (str(code),) if code else PHONE_CODES
    digits = args.whole("digits", 9, 4, 12)
    low, stream = 10 ** (digits - 1), place.stream
    width = 9 * low

    def values(chunk: Chunk) -> Sequence[Value]:
        return [
            f"+{codes[other % len(codes)]}{low + word % width}"
            for word, other in zip(*stream.pairs(chunk.rows), strict=True)
        ]

    return Drawn(Kind.TEXT, values, plain=True)


phone = Draw(_make, {"code": "the country's code; several", "digits": "digits after it; 9"}, short="code")
