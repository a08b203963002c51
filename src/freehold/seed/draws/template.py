"""Text put together from other columns and the row's number.

``{column}`` is a column of the row, ``{row}`` its number from 1, ``{row:6}`` the same with zeros before it.

Example:
    columns:
      year: {uniform: {from: 2020, to: 2026}}
      number: {template: "ORD-{year}-{row:8}"}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value
from freehold.seed.render import as_text

_HOLE = re.compile(r"\{([^{}:]+)(?::(\d{1,2}))?\}")


def _make(args: Args, place: Place) -> Drawn:
    form = args.text("text")
    pieces = _HOLE.split(form)
    texts, holes = pieces[0::3], list(zip(pieces[1::3], pieces[2::3], strict=True))
    writers: list[tuple[str, int, Callable[[Value], str]]] = []
    for name, width in holes:
        drawn = None if name == "row" else place.sibling(name)
        if drawn is None and name != "row":
            args.refuse("text", f'there is no column "{name}" to put in', "Name a column that is drawn, or row.")
            continue
        write = as_text(drawn.kind, drawn.decimals) if drawn else str
        writers.append((name, int(width or 0), write))

    def values(chunk: Chunk) -> Sequence[Value]:
        parts: list[list[str]] = []
        for name, width, write in writers:
            column = [row + 1 for row in chunk.rows] if name == "row" else chunk.column(name)
            parts.append([write(value).zfill(width) for value in column])
        if len(parts) < len(texts) - 1 or not parts:
            return [form] * len(chunk.rows)
        ends = texts[1:]
        return [
            texts[0] + "".join(part + end for part, end in zip(row, ends, strict=True))
            for row in zip(*parts, strict=True)
        ]

    return Drawn(Kind.TEXT, values)


template = Draw(_make, {"text": "the text, with {column} and {row}"}, short="text")
