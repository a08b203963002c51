"""Values as the text that COPY reads, a whole column of a chunk at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import cast

from freehold.seed.model import Column, Drawn, Kind, Value
from freehold.seed.moments import DAY, SECOND, clock_texts, day_text, moment_texts

Render = Callable[[Sequence[Value]], list[str]]

NULL = "\\N"

WHOLE = frozenset({"int2", "int4", "int8", "oid"})
FLOATS = frozenset({"float4", "float8"})
TEXTS = frozenset({"text", "varchar", "bpchar", "name", "citext", "xml"})
MOMENTS = frozenset({"timestamptz", "timestamp", "date", "time"})

_SPECIAL = re.compile(r"[\\\t\n\r\b\f\v]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"})


def renderer(drawn: Drawn, column: Column) -> Render | None:
    """What writes the values of a draw for a column; None when the column's type cannot hold them."""
    plain = _plain(drawn, column)
    if plain is None:
        return None
    write = plain

    def render(values: Sequence[Value]) -> list[str]:
        if None not in values:
            return write(values)
        filled = write([value for value in values if value is not None])
        parts = iter(filled)
        return [NULL if value is None else next(parts) for value in values]

    return render


def _plain(drawn: Drawn, column: Column) -> Render | None:
    base = column.base
    match drawn.kind:
        case Kind.INTEGER | Kind.TRUTH if base in WHOLE:
            return lambda values: [str(int(value)) for value in cast(Sequence[int], values)]
        case Kind.INTEGER | Kind.NUMBER if base == "numeric":
            return _numeric(drawn, column)
        case Kind.NUMBER if base in WHOLE:
            return lambda values: [str(round(value)) for value in cast(Sequence[float], values)]
        case Kind.INTEGER | Kind.NUMBER if base in FLOATS:
            return _float(drawn)
        case Kind.TRUTH if base == "bool":
            return lambda values: ["t" if value else "f" for value in values]
        case Kind.MOMENT if base == "timestamptz":
            return lambda values: moment_texts(cast(Sequence[int], values), "+00")
        case Kind.MOMENT if base == "timestamp":
            return lambda values: moment_texts(cast(Sequence[int], values), "")
        case Kind.MOMENT if base == "date":
            return lambda values: [day_text(int(value) // DAY) for value in cast(Sequence[int], values)]
        case Kind.MOMENT if base == "time":
            return lambda values: clock_texts(cast(Sequence[int], values))
        case Kind.SPAN if base == "interval":
            return lambda values: [f"{int(value)} us" for value in cast(Sequence[int], values)]
        case Kind.INTEGER | Kind.NUMBER if base == "interval":
            return lambda values: [f"{round(value * SECOND)} us" for value in cast(Sequence[float], values)]
        case Kind.UUID if base == "uuid":
            return lambda values: list(cast(Sequence[str], values))
        case Kind.UUID if base in TEXTS:
            return lambda values: [hyphened(value) for value in cast(Sequence[str], values)]
        case Kind.BYTES if base == "bytea":
            return lambda values: ["\\\\x" + value for value in cast(Sequence[str], values)]
        case Kind.BYTES if base in TEXTS:
            return lambda values: list(cast(Sequence[str], values))
        case Kind.JSON if base in ("json", "jsonb") or base in TEXTS:
            return _escaped
        case Kind.ARRAY if column.element:
            return _escaped
        case Kind.INTEGER | Kind.NUMBER if base in TEXTS:
            return _numeric(drawn, column)
        case Kind.MOMENT if base in TEXTS:
            return lambda values: moment_texts(cast(Sequence[int], values), "+00")
        case Kind.TRUTH if base in TEXTS:
            return lambda values: ["true" if value else "false" for value in values]
        case Kind.NOTHING:
            return lambda values: []  # only ever called for values that are not NULL
        case Kind.TEXT if drawn.plain:
            return lambda values: list(cast(Sequence[str], values))
        case Kind.TEXT:
            return _escaped
        case _:
            return None


def _numeric(drawn: Drawn, column: Column) -> Render:
    if drawn.kind is Kind.INTEGER:
        return lambda values: [str(int(value)) for value in cast(Sequence[int], values)]
    decimals = 6 if drawn.decimals is None else drawn.decimals
    if column.scale is not None:
        decimals = min(decimals, column.scale) if drawn.decimals is not None else column.scale
    form = f"%.{decimals}f"
    return lambda values: [form % value for value in cast(Sequence[float], values)]


def _float(drawn: Drawn) -> Render:
    if drawn.decimals is None or drawn.kind is Kind.INTEGER:
        return lambda values: [repr(value) for value in cast(Sequence[float], values)]
    form = f"%.{drawn.decimals}f"
    return lambda values: [form % value for value in cast(Sequence[float], values)]


def _escaped(values: Sequence[Value]) -> list[str]:
    texts = cast(list[str], list(values))
    if _SPECIAL.search("".join(texts)) is None:
        return texts
    return [text.translate(_ESCAPES) for text in texts]


def hyphened(digits: str) -> str:
    """A UUID as it is usually written."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def as_text(kind: Kind, decimals: int | None) -> Callable[[Value], str]:
    """One value as a person would write it inside a longer text; nothing is escaped, NULL is empty."""

    def write(value: Value) -> str:
        if value is None:
            return ""
        match kind:
            case Kind.UUID:
                return hyphened(str(value))
            case Kind.MOMENT:
                return moment_texts([int(value)], "Z")[0].replace(" ", "T")
            case Kind.TRUTH:
                return "true" if value else "false"
            case Kind.NUMBER if isinstance(value, float):
                return f"%.{6 if decimals is None else decimals}f" % value
            case Kind.SPAN:
                return f"{int(value) / SECOND:g} s"
            case _:
                return str(value)

    return write
