"""Names of people: frequent ones more often, from several languages.

Example:
    columns:
      full_name: name
      first_name: {name: first}
      last_name: {name: last}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.lists import FIRST_NAMES, LAST_NAMES
from freehold.seed.model import Chunk, Value
from freehold.seed.weights import Ranks


def _make(args: Args, place: Place) -> Drawn:
    part = args.word("part", ("full", "first", "last"), "full")
    firsts, lasts = Ranks(len(FIRST_NAMES), 0.5), Ranks(len(LAST_NAMES), 0.5)
    one, two = place.stream.below("first"), place.stream.below("last")

    def values(chunk: Chunk) -> Sequence[Value]:
        first = [FIRST_NAMES[i] for i in firsts.picks(*one.pairs(chunk.rows))] if part != "last" else []
        last = [LAST_NAMES[i] for i in lasts.picks(*two.pairs(chunk.rows))] if part != "first" else []
        return [f"{a} {b}" for a, b in zip(first, last, strict=True)] if part == "full" else first or last

    return Drawn(Kind.TEXT, values, plain=True)


name = Draw(_make, {"part": "full, first or last; full"}, short="part")
