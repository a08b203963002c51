"""One of some values, all alike or by weight.

Example:
    columns:
      side: {choice: [buy, sell]}
      status: {choice: {filled: 80, cancelled: 15, rejected: 5}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.typed import typed
from freehold.seed.weights import Alias


def _make(args: Args, place: Place) -> Drawn | None:
    before = len(args.complaints.said)
    given = [(value, weight) for value, weight in args.weights("") if weight]
    if not given:
        if len(args.complaints.said) == before:
            args.refuse("", "a choice needs values", "Write {choice: [a, b]}, or {choice: {a: 3, b: 1}} with weights.")
        return None
    kind, items = typed([value for value, _ in given])
    alias, stream = Alias([weight for _, weight in given]), place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return [items[i] for i in alias.picks(stream.words(chunk.rows))]

    return Drawn(kind, values)


choice = Draw(_make, {}, free=True)
