"""The same value in every row.

Example:
    columns:
      source: {constant: import}
"""

from __future__ import annotations

from freehold.seed.draws._kind import Args, Draw, Drawn, Place
from freehold.seed.typed import typed
from freehold.spec.tree import Text


def _make(args: Args, place: Place) -> Drawn:
    value = args.data("value")
    kind, items = typed([value if isinstance(value, Text) else None])
    item = items[0]
    return Drawn(kind, lambda chunk: [item] * len(chunk.rows))


constant = Draw(_make, {"value": "the value"}, short="value")
