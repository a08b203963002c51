"""Bytes of no meaning, for bytea columns; as hexadecimal digits in text columns.

Example:
    columns:
      payload: {bytes: 16..200}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value


def _make(args: Args, place: Place) -> Drawn:
    least, most = args.span("length", (16, 16), 0, 10**6)
    lanes, stream = -(-most // 16), place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        rows = chunk.rows
        lengths = [least + word % (most - least + 1) for word in stream.words(rows, 1 << 40)]
        parts = [stream.raw(rows, lane) for lane in range(lanes)]
        return [
            b"".join(part[at * 16 : at * 16 + 16] for part in parts)[:length].hex() for at, length in enumerate(lengths)
        ]

    return Drawn(Kind.BYTES, values, plain=True)


bytes = Draw(_make, {"length": "how many; 16"}, short="length")
