"""The row's number among those that refer to the same row: lines of an order, attempts of a message. Counts from 1.

Example:
    columns:
      order_id: {foreign: {to: orders.purchase(id), fan: 1..8}}
      number: {position: order_id}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value


def _make(args: Args, place: Place) -> Drawn | None:
    name, start = args.text("within"), args.whole("start", 1, -(2**31), 2**31)
    other = place.sibling(name) if name else None
    if other is None or other.places is None:
        args.refuse(
            "within", f'"{name}" is no foreign column with a fan-out', "Give it a foreign draw with each or fan."
        )
        return None
    places = other.places

    def values(chunk: Chunk) -> Sequence[Value]:
        return [start + at for at in places(chunk)]

    return Drawn(Kind.INTEGER, values)


position = Draw(_make, {"within": "a foreign column with each or fan", "start": "the first number; 1"}, short="within")
