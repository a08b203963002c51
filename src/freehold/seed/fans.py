"""The fan-out that a foreign draw asks for: read from its keys by the draw itself, and before it to size its table."""

from __future__ import annotations

from freehold.seed.args import Args
from freehold.seed.spread import Fan, fan_of
from freehold.seed.stream import Stream


def fan_in(args: Args, stream: Stream) -> Fan | None:
    """``each: 3`` or ``fan: 1..8``; None when neither is written."""
    if args.has("each"):
        count = args.whole("each", 1, 1, 10**6)
        return fan_of(count, count, 0.0, stream)
    if args.has("fan"):
        least, most = args.span("fan", (1, 1), 0, 10**5)
        return fan_of(least, max(1, most), args.number("exponent", 1.0, 0, 10), stream)
    return None
