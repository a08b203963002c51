"""The functions of expressions: which kinds each takes, what it gives, and how it is run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from freehold.seed.exact import exp, ln
from freehold.seed.kinds import NUMERIC, TEXTUAL, Read, Unfit, common
from freehold.seed.model import Kind, Value
from freehold.seed.moments import DAY, HOUR, MINUTE, SECOND, weekday
from freehold.seed.render import as_text

_SPANS = {"microseconds": 1, "seconds": SECOND, "minutes": MINUTE, "hours": HOUR, "days": DAY}
_OF_MOMENT = {"hour": (Kind.INTEGER, "_hour"), "weekday": (Kind.INTEGER, "_weekday"), "day": (Kind.MOMENT, "_day")}
_MATHS = {"sqrt": "_sqrt", "exp": "_exp", "ln": "_ln"}
_WORDS = {"upper": "_upper", "lower": "_lower"}
DIGITS_MAX = 15
FUNCTIONS = (
    *("abs", "min", "max", "round", "floor", "ceil", "coalesce", "length", "left", "text", "number", "digits"),
    *("in_seconds", "column", "parent", "random", "moment"),
    *_SPANS,
    *_OF_MOMENT,
    *_MATHS,
    *_WORDS,
)


def applied(name: str, parts: Sequence[Read], digits: int | None) -> Read:
    """A call of the function ``name``; ``digits`` is the second argument where a number stands there. Raises Unfit."""
    sources, kinds = [source for source, _ in parts], [kind for _, kind in parts]
    count = len(parts)
    first = kinds[0] if kinds else None
    given = ", ".join(sources)
    if count == 1:
        if name in _SPANS and first in NUMERIC:
            return f"({given} * {_SPANS[name]})", Kind.SPAN
        if name in _OF_MOMENT and first is Kind.MOMENT:
            kind, helper = _OF_MOMENT[name]
            return f"{helper}({given})", kind
        if name == "in_seconds" and first is Kind.SPAN:
            return f"({given} / {SECOND})", Kind.NUMBER
        if name in _MATHS and first in NUMERIC:
            return f"{_MATHS[name]}({given})", Kind.NUMBER
        if name in _WORDS and first in TEXTUAL:
            return f"{_WORDS[name]}({given})", Kind.TEXT
        if name == "length" and first in TEXTUAL:
            return f"_length({given})", Kind.INTEGER
        if name == "number" and first in TEXTUAL | NUMERIC:
            return f"_number({given})", Kind.NUMBER
        if name == "text" and first is not None:
            helper = f"_text_{first.name.lower()}"
            return f"{helper}({given})", Kind.TEXT
        if name in ("floor", "ceil", "round") and first in NUMERIC:
            return f"_{name}({given})", Kind.INTEGER
        if name == "abs" and first in NUMERIC | {Kind.SPAN} and first is not None:
            return f"_abs({given})", Kind.INTEGER if first is Kind.TRUTH else first
    if name == "round" and count == 2 and first in NUMERIC and digits is not None and 0 <= digits <= DIGITS_MAX:
        return f"_round({given})", Kind.NUMBER
    if name == "digits" and count == 2 and kinds == [Kind.INTEGER, Kind.INTEGER]:
        return f"_digits({given})", Kind.TEXT
    if name == "left" and count == 2 and first in TEXTUAL and kinds[1] is Kind.INTEGER:
        return f"_left({given})", Kind.TEXT
    if name in ("min", "max", "coalesce") and count > 1:
        kind = kinds[0]
        for other in kinds[1:]:
            kind = common(kind, other)
        return f"_{name}({given})", kind
    shown = ", ".join(str(kind) for kind in kinds) or "nothing"
    raise Unfit(f"{name}() does not take {shown}")


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


HELPERS: dict[str, object] = {
    "int": int,
    "bool": bool,
    "_hour": lambda moment: moment % DAY // HOUR,
    "_weekday": lambda moment: weekday(moment // DAY) + 1,
    "_day": lambda moment: moment // DAY * DAY,
    "_sqrt": lambda number: math.sqrt(number) if number > 0 else 0.0,
    "_exp": exp,
    "_ln": lambda number: ln(number) if number > 0 else None,
    "_upper": str.upper,
    "_lower": str.lower,
    "_length": len,
    "_number": float,
    "_floor": math.floor,
    "_ceil": math.ceil,
    "_round": round,
    "_abs": abs,
    "_min": min,
    "_max": max,
    "_left": lambda text, count: text[: max(0, count)],
    "_digits": lambda number, count: f"{number:0{min(max(count, 1), 40)}d}",
    "_coalesce": _coalesce,
    **{f"_text_{kind.name.lower()}": as_text(kind, None) for kind in Kind},
}
