"""Login names: an initial or a first name, a last name, and the row's number, so that no two are equal.

Example:
    columns:
      login: username
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.lists import FIRST_NAMES, LAST_NAMES, ascii_name
from freehold.seed.model import Chunk, Value

_FIRSTS = tuple(ascii_name(name) for name in FIRST_NAMES)
_LASTS = tuple(ascii_name(name) for name in LAST_NAMES)


def _make(args: Args, place: Place) -> Drawn:
    stream, unique = place.stream, args.flag("unique", True)

    def values(chunk: Chunk) -> Sequence[Value]:
        words, others = stream.pairs(chunk.rows)
        return [
            (_FIRSTS[word % len(_FIRSTS)][: 1 if word >> 63 else 20] + _LASTS[other % len(_LASTS)])
            + str(row + 1 if unique else other >> 57)
            for row, word, other in zip(chunk.rows, words, others, strict=True)
        ]

    return Drawn(Kind.TEXT, values, plain=True)


username = Draw(_make, {"unique": "true or false: whether the row's number stands at the end; true"})
