"""Which kinds of values go together in an expression, and what an operator makes of two of them."""

from __future__ import annotations

import ast

from freehold.seed.model import Kind

NUMERIC = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.TRUTH})
TEXTUAL = frozenset({Kind.TEXT, Kind.UUID, Kind.JSON, Kind.BYTES, Kind.ARRAY})
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class Unfit(Exception):
    """An expression that is not let through."""

    def __init__(self, message: str, hint: str = "docs/draws.md lists what an expression may hold.") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


Read = tuple[str, Kind]
"""Python's text of a part of an expression, and the kind of what it gives."""


def binary(operator: ast.operator, left: Read, right: Read) -> Read:
    """Two parts with one of ``OPERATORS`` between them. Raises Unfit."""
    (one, a), (two, b) = left, right
    sign = OPERATORS[type(operator)]
    whole = a is not Kind.NUMBER and b is not Kind.NUMBER
    if a in NUMERIC and b in NUMERIC:
        return f"({one} {sign} {two})", Kind.INTEGER if whole and sign != "/" else Kind.NUMBER
    if sign == "+" and a in TEXTUAL and b in TEXTUAL:
        return f"({one} + {two})", Kind.TEXT
    if sign in "+-" and (a, b) == (Kind.SPAN, Kind.SPAN):
        return f"({one} {sign} {two})", Kind.SPAN
    if sign in "+-" and a is Kind.MOMENT and b is Kind.SPAN:
        return f"int({one} {sign} {two})", Kind.MOMENT
    if sign == "+" and a is Kind.SPAN and b is Kind.MOMENT:
        return f"int({one} + {two})", Kind.MOMENT
    if sign == "-" and (a, b) == (Kind.MOMENT, Kind.MOMENT):
        return f"({one} - {two})", Kind.SPAN
    if sign == "*" and {a, b} & {Kind.SPAN} and {a, b} & NUMERIC:
        return f"({one} * {two})", Kind.SPAN
    if sign == "/" and a is Kind.SPAN and b in NUMERIC | {Kind.SPAN}:
        return f"({one} / {two})", Kind.NUMBER if b is Kind.SPAN else Kind.SPAN
    hint = "Moments and spans add up: placed_at + hours(2)." if Kind.MOMENT in (a, b) else "Turn one into text(..)."
    raise Unfit(f"{a} {sign} {b} gives nothing", hint)


def common(a: Kind, b: Kind) -> Kind:
    """The kind of a value that is of one of the two. Raises Unfit where there is none."""
    if a is b or b is Kind.NOTHING:
        return a
    if a is Kind.NOTHING:
        return b
    if a in NUMERIC and b in NUMERIC:
        return Kind.NUMBER if Kind.NUMBER in (a, b) else Kind.INTEGER
    if a in TEXTUAL and b in TEXTUAL:
        return Kind.TEXT
    raise Unfit(f"{a} and {b} do not go together")
