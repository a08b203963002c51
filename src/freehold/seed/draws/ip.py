"""Addresses of machines, for inet columns or text: of private networks, or of anybody's.

Example:
    columns:
      address: ip
      peer: {ip: public}
      host: {ip: v6}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value

_PUBLIC = tuple(n for n in range(1, 224) if n not in (10, 100, 127, 169, 172, 192, 198, 203))


def _make(args: Args, place: Place) -> Drawn:
    form, stream = args.word("form", ("private", "public", "v6"), "private"), place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        words = stream.words(chunk.rows)
        if form == "private":
            return [f"10.{word >> 40 & 255}.{word >> 48 & 255}.{1 + (word >> 56) % 254}" for word in words]
        if form == "public":
            return [
                f"{_PUBLIC[word % len(_PUBLIC)]}.{word >> 40 & 255}.{word >> 48 & 255}.{1 + (word >> 56) % 254}"
                for word in words
            ]
        return [f"2001:db8:{word & 65535:x}:{word >> 16 & 65535:x}::{1 + (word >> 40 & 65534):x}" for word in words]

    return Drawn(Kind.TEXT, values, plain=True)


ip = Draw(_make, {"form": "private (10.0.0.0/8), public, or v6 (2001:db8::/32); private"}, short="form")
