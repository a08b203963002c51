"""UUIDs: random ones (version 4), or rising in time (version 7) within the window.

Unique, and the same every time: the bits come from the row's number, not from a clock.

Example:
    columns:
      id: uuid
      event_id: {uuid: 7}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value

_VARIANT = bytes(0x80 | byte & 0x3F for byte in range(256))
_VERSION = {version: bytes(version << 4 | byte & 0x0F for byte in range(256)) for version in (4, 7)}


def _make(args: Args, place: Place) -> Drawn:
    version = 7 if args.word("version", ("4", "7"), "4") == "7" else 4
    stream, window, base = place.stream, place.window, max(1, place.size.base)
    width = (window.end - window.start) // 1000
    first = window.start // 1000

    def values(chunk: Chunk) -> Sequence[Value]:
        rows = chunk.rows
        bits = bytearray(stream.raw(rows))
        bits[6::16] = bits[6::16].translate(_VERSION[version])
        bits[8::16] = bits[8::16].translate(_VARIANT)
        digits = bits.hex()
        if version == 4:
            return [digits[at : at + 32] for at in range(0, len(digits), 32)]
        return [f"{first + row * width // base:012x}{digits[n * 32 + 12 : n * 32 + 32]}" for n, row in enumerate(rows)]

    return Drawn(Kind.UUID, values, plain=True)


uuid = Draw(_make, {"version": "4 or 7; 4"}, short="version")
