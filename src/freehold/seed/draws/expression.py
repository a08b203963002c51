"""Computed from other columns of the row, of rows it refers to, and from chance.

Numbers, comparisons, ``and``, ``or``, ``not``, ``a if b else c``, and ``+`` for text. ``order_id.placed_at`` is a
column of the row that the foreign column ``order_id`` refers to. ``row`` is the row's number from 1, ``random`` a
number from 0 up to 1 (``random(2)`` another one). Names that are no plain words are written ``column("odd name")`` and
``parent("order id", "placed at")``. What is computed from a NULL is NULL; ``null`` is NULL itself, and ``x == null``
asks for it. ``moment('2026-01-31 12:00')`` is a moment, in UTC.

Functions: abs, min, max, round, floor, ceil, sqrt, exp, ln, coalesce, upper, lower, length, left, text, number, digits,
microseconds, seconds, minutes, hours, days, in_seconds, day, hour, weekday, moment, random.

Example:
    columns:
      placed_at: {timestamp: {daily: business}}
      quantity: {uniform: {from: 1, to: 9}}
      price: {money: 40}
      total: {expression: quantity * price}
      shipped_at: {expression: placed_at + hours(2 + 70 * random), nulls: 0.2}
      returned_at: {expression: "null if random(1) < 0.9 else shipped_at + days(9)"}
      size: {expression: "'large' if quantity > 5 else 'small'"}
"""

from __future__ import annotations

from freehold.seed.draws._kind import Args, Draw, Drawn, Place
from freehold.seed.expression import compiled
from freehold.seed.kinds import Unfit


def _make(args: Args, place: Place) -> Drawn | None:
    decimals = args.whole("decimals", -1, 0, 15)
    try:
        made = compiled(args.text("is"), place)
    except Unfit as unfit:
        args.refuse("is", unfit.message, unfit.hint)
        return None
    return Drawn(made.kind, made.values, decimals=made.decimals if decimals < 0 else decimals)


expression = Draw(
    _make, {"is": "the expression", "decimals": "digits after the point of a number; the column's"}, short="is"
)
