"""A digest of other columns, or of the row's number: checksums, tokens, fingerprints, chained records.

Example:
    columns:
      id: uuid
      amount: {money: 20}
      checksum: {hash: {of: [id, amount]}}
      token: {hash: {algorithm: blake2b, digits: 32}}
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.render import as_text

_ALGORITHMS = ("sha256", "sha512", "blake2b", "sha1", "md5")


def _make(args: Args, place: Place) -> Drawn:
    made = {name: getattr(hashlib, name) for name in _ALGORITHMS}[args.word("algorithm", _ALGORITHMS, "sha256")]
    digits = args.whole("digits", 0, 0, 128)
    cut = digits or None
    columns = [str(value) for value, _ in args.weights("of") if value is not None]
    known = {column: place.sibling(column) for column in columns}
    for column, drawn in known.items():
        if drawn is None:
            args.refuse("of", f'there is no column "{column}" to hash', "Name columns that are drawn.")
    writers = [(column, as_text(drawn.kind, drawn.decimals)) for column, drawn in known.items() if drawn is not None]
    stream = place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        if not writers:
            bits = stream.raw(chunk.rows)
            return [made(bits[at : at + 16]).hexdigest()[:cut] for at in range(0, len(bits), 16)]
        texts = [[write(value) for value in chunk.column(column)] for column, write in writers]
        return [made("\x1f".join(row).encode()).hexdigest()[:cut] for row in zip(*texts, strict=True)]

    return Drawn(Kind.BYTES, values, plain=True)


hash = Draw(
    _make,
    {
        "of": "the columns; without them the row's number",
        "algorithm": f"{', '.join(_ALGORITHMS)}; sha256",
        "digits": "hexadecimal digits to keep; all",
    },
    short="of",
)
