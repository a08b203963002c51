"""JSON objects, each key with a draw of its own.

Example:
    columns:
      attributes:
        json:
          colour: {choice: [red, green, blue]}
          weight_g: {lognormal: {median: 300, decimals: 0}}
          fragile: {boolean: 0.1}
          origin: {json: {country: country, city: city}}
"""

from __future__ import annotations

import json as text
from collections.abc import Callable, Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.render import as_text


def _make(args: Args, place: Place) -> Drawn:
    parts: list[tuple[str, Drawn, Callable[[Value], str]]] = []
    for name, spec in args.specs("").items():
        inner = place.nested(spec, name)
        if inner is not None:
            parts.append((text.dumps(name, ensure_ascii=False) + ": ", inner, _writer(inner)))

    def values(chunk: Chunk) -> Sequence[Value]:
        if not parts:
            return ["{}"] * len(chunk.rows)
        columns = [[head + write(value) for value in inner.values(chunk)] for head, inner, write in parts]
        return [f"{{{', '.join(row)}}}" for row in zip(*columns, strict=True)]

    return Drawn(Kind.JSON, values)


def _writer(inner: Drawn) -> Callable[[Value], str]:
    plain = as_text(inner.kind, inner.decimals)

    def write(value: Value) -> str:
        if value is None:
            return "null"
        if inner.kind in (Kind.INTEGER, Kind.NUMBER, Kind.TRUTH, Kind.JSON):
            return plain(value)
        return text.dumps(plain(value), ensure_ascii=False)

    return write


json = Draw(_make, {}, free=True)
