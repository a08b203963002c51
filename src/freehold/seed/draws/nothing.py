"""NULL in every row. Beside any other draw, ``nulls`` makes a share of the rows NULL.

Example:
    columns:
      closed_at: nothing
      note: {text: 3..8, nulls: 0.4}
"""

from __future__ import annotations

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place


def _make(args: Args, place: Place) -> Drawn:
    return Drawn(Kind.NOTHING, lambda chunk: [None] * len(chunk.rows), plain=True)


nothing = Draw(_make, {})
