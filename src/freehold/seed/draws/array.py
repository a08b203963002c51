"""Arrays of another draw, of a length by chance.

Example:
    columns:
      tags: {array: {of: {choice: [new, sale, gift]}, length: 0..3}}
      scores: {array: {of: {uniform: {from: 1, to: 5}}, length: 3}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.render import as_text

_ROWS_STEP = 1 << 16


def _make(args: Args, place: Place) -> Drawn | None:
    least, most = args.span("length", (0, 3), 0, 1000)
    spec = args.specs("of").get("of")
    inner = place.nested(spec, "of") if spec else None
    if inner is None:
        if not args.has("of"):
            args.refuse("", "an array needs a draw for its elements", "Write {array: {of: DRAW, length: 1..3}}.")
        return None
    stream, write, drawn = place.stream, as_text(inner.kind, inner.decimals), inner

    def values(chunk: Chunk) -> Sequence[Value]:
        lengths = [least + word % (most - least + 1) for word in stream.words(chunk.rows)]
        # the elements of row r are rows r * 65536 and following of a table of their own
        rows = [row * _ROWS_STEP + at for row, length in zip(chunk.rows, lengths, strict=True) for at in range(length)]
        elements = iter(drawn.values(_Elements(rows)))
        return [f"{{{','.join(_element(next(elements), write) for _ in range(length))}}}" for length in lengths]

    return Drawn(Kind.ARRAY, values)


class _Elements:
    """Rows that are elements of arrays: they have no columns."""

    def __init__(self, rows: Sequence[int]) -> None:
        self.rows = rows

    def column(self, name: str) -> Sequence[Value]:
        raise LookupError(f'an element of an array has no column "{name}"')

    def parents(self, name: str) -> Chunk:
        raise LookupError(f'an element of an array has no column "{name}"')


def _element(value: Value, write: object) -> str:
    if value is None:
        return "NULL"
    text = write(value) if callable(write) else ""
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


array = Draw(_make, {"of": "the draw of an element; not one that reads other columns", "length": "how many; 0..3"})
