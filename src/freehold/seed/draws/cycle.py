"""The values of a list in turn: every combination of two columns once, instead of chance.

With ``within`` it starts anew for each row that the foreign column ``within`` refers to: three settings for each
account, each of them once.

Example:
    columns:
      weekday: {cycle: [mon, tue, wed, thu, fri]}
      account_id: {foreign: {to: users.account(id), each: 2}}
      channel: {cycle: {of: [email, push], within: account_id}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.typed import typed


def _make(args: Args, place: Place) -> Drawn | None:
    listed = [value for value, _ in args.weights("of")]
    if not listed:
        args.refuse("", "a cycle needs values", "Write {cycle: [a, b]}.")
        return None
    kind, items = typed(listed)
    count, every, within = len(items), args.whole("every", 1, 1, 2**40), args.text("within")
    if not within:
        return Drawn(kind, lambda chunk: [items[row // every % count] for row in chunk.rows])
    other = place.sibling(within)
    if other is None or other.places is None:
        args.refuse("within", f'"{within}" is no foreign column with a fan-out', "Give it a foreign draw with each.")
        return None
    places = other.places

    def values(chunk: Chunk) -> Sequence[Value]:
        return [items[at // every % count] for at in places(chunk)]

    return Drawn(kind, values)


cycle = Draw(
    _make,
    {
        "of": "the values",
        "every": "how many rows get the same value before the next; 1",
        "within": "a foreign column with each or fan; the list starts anew for each row it refers to",
    },
    short="of",
)
