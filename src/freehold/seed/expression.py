"""Expressions over columns: read with Python's own grammar, checked node by node, and run on whole columns at once.

Only what is listed here is let through; everything else is refused with its name. Kinds are checked before any row is
drawn, so that ``placed_at * 2`` is a complaint about the recipe and not about row 1.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from freehold.seed.draws._kind import Place
from freehold.seed.exact import exp, ln
from freehold.seed.model import Chunk, Kind, Value
from freehold.seed.moments import DAY, HOUR, MINUTE, SECOND, parse_moment, weekday
from freehold.seed.render import as_text
from freehold.spec.values import near

LENGTH_MAX = 4000

_NUMERIC = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.TRUTH})
_TEXTUAL = frozenset({Kind.TEXT, Kind.UUID, Kind.JSON, Kind.BYTES, Kind.ARRAY})
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_COMPARE: dict[type[ast.cmpop], str] = {
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


@dataclass(frozen=True)
class Compiled:
    """An expression made ready: the kind of what it gives, and its values for a chunk."""

    kind: Kind
    values: Callable[[Chunk], Sequence[Value]]
    decimals: int | None


@dataclass
class _Reading:
    """One expression while it is read: the inputs it asked for so far, each a variable of the code that is made."""

    place: Place
    inputs: dict[str, Callable[[Chunk], Sequence[Value]]] = field(default_factory=dict)
    names: dict[tuple[str, ...], str] = field(default_factory=dict)
    guarded: set[str] = field(default_factory=set)
    decimals: int | None = None

    def variable(self, key: tuple[str, ...], values: Callable[[Chunk], Sequence[Value]], *, open_to_null: bool) -> str:
        name = self.names.setdefault(key, f"v{len(self.names)}")
        self.inputs[name] = values
        if not open_to_null:
            self.guarded.add(name)
        return name


def compiled(text: str, place: Place) -> Compiled:
    """The expression, ready to run at ``place``. Raises Unfit."""
    if not text.strip() or len(text) > LENGTH_MAX:
        raise Unfit("the expression is empty or too long", "Write {expression: quantity * price}.")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unfit("this is no expression", "Check its brackets and quotes.") from None
    reading = _Reading(place)
    try:
        source, kind = _node(tree.body, reading)
    except RecursionError:
        raise Unfit("the expression is nested too deeply") from None
    names = list(reading.inputs)
    head = ", ".join(names)
    each = f"for {head}{',' if len(names) == 1 else ''} in rows"
    guard = " or ".join(f"{name} is None" for name in names if name in reading.guarded)
    namespace: dict[str, object] = {"__builtins__": {}, **_HELPERS}
    if not names:
        single = _run(f"lambda rows: [{source} for _ in rows]", namespace)
        return Compiled(kind, lambda chunk: single(chunk.rows), reading.decimals)
    open_form = _run(f"lambda rows: [{source} {each}]", namespace)
    guarded = _run(f"lambda rows: [None if {guard} else {source} {each}]", namespace) if guard else open_form
    inputs = [reading.inputs[name] for name in names]
    watched = [index for index, name in enumerate(names) if name in reading.guarded]

    def values(chunk: Chunk) -> Sequence[Value]:
        columns = [column(chunk) for column in inputs]
        form = guarded if any(None in columns[index] for index in watched) else open_form
        return form(zip(*columns, strict=True))

    return Compiled(kind, values, reading.decimals)


def _run(source: str, namespace: dict[str, object]) -> Callable[[object], list[Value]]:
    made: object = eval(compile(source, "<expression>", "eval"), namespace)
    assert callable(made)
    code = made

    def run(rows: object) -> list[Value]:
        found = code(rows)
        assert isinstance(found, list)
        return found

    return run


Read = tuple[str, Kind]


def _node(node: ast.expr, reading: _Reading, *, open_to_null: bool = False) -> Read:
    match node:
        case ast.Constant(value=None):
            return "None", Kind.NOTHING
        case ast.Constant(value=bool()):
            return repr(node.value), Kind.TRUTH
        case ast.Constant(value=int()):
            if len(repr(node.value)) > 18:
                raise Unfit("a number does not fit 64 bits")
            return repr(node.value), Kind.INTEGER
        case ast.Constant(value=float()):
            return repr(node.value), Kind.NUMBER
        case ast.Constant(value=str()):
            return repr(node.value), Kind.TEXT
        case ast.Name():
            return _name(node.id, reading, open_to_null)
        case ast.Attribute(value=ast.Name(id=foreign), attr=column):
            return _parent(foreign, column, reading, open_to_null)
        case ast.Attribute(value=ast.Attribute(value=ast.Name())):
            raise Unfit("a path leads over one foreign column only", "Draw the middle column in let:, and refer to it.")
        case ast.Call(func=ast.Name(id=function), args=args) if not node.keywords:
            return _call(function, args, reading, open_to_null)
        case ast.UnaryOp(op=ast.USub()):
            inner, kind = _node(node.operand, reading)
            if kind not in _NUMERIC | {Kind.SPAN}:
                raise Unfit(f"{kind} have no negative")
            return f"(-{inner})", Kind.INTEGER if kind is Kind.TRUTH else kind
        case ast.UnaryOp(op=ast.Not()):
            return f"(not {_node(node.operand, reading)[0]})", Kind.TRUTH
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _binary(node, reading)
        case ast.BoolOp():
            word = " and " if isinstance(node.op, ast.And) else " or "
            return f"({word.join(f'bool({_node(one, reading)[0]})' for one in node.values)})", Kind.TRUTH
        case ast.Compare():
            return _compare(node, reading)
        case ast.IfExp():
            test, _ = _node(node.test, reading)
            one, two = _node(node.body, reading), _node(node.orelse, reading)
            return f"({one[0]} if {test} else {two[0]})", _common(one[1], two[1])
    raise Unfit(f"an expression cannot hold {type(node).__name__}")


def _name(name: str, reading: _Reading, open_to_null: bool) -> Read:
    if name in ("true", "false"):
        return name.capitalize(), Kind.TRUTH
    if name == "null":
        return "None", Kind.NOTHING
    if name == "row":
        return reading.variable(
            ("row",), lambda chunk: [row + 1 for row in chunk.rows], open_to_null=True
        ), Kind.INTEGER
    if name == "random":
        values = _random(reading, 0)
        return reading.variable(("random", "0"), values, open_to_null=True), Kind.NUMBER
    drawn = reading.place.sibling(name)
    if drawn is None:
        raise Unfit(f'there is no column "{name}" that is drawn', "Write text in quotes; name columns that are drawn.")
    if drawn.kind is Kind.NOTHING:
        return "None", Kind.NOTHING
    return reading.variable(("column", name), lambda chunk: chunk.column(name), open_to_null=open_to_null), drawn.kind


def _random(reading: _Reading, lane: int) -> Callable[[Chunk], Sequence[Value]]:
    stream, unit = reading.place.stream, 2.0**-53

    def values(chunk: Chunk) -> Sequence[Value]:
        return [(word >> 11) * unit for word in stream.words(chunk.rows, lane)]

    return values


def _parent(foreign: str, column: str, reading: _Reading, open_to_null: bool) -> Read:
    drawn = reading.place.sibling(foreign)
    if drawn is None or drawn.target is None:
        raise Unfit(f'"{foreign}" is no foreign column', f"Give {foreign} a foreign draw.")
    other = reading.place.elsewhere(drawn.target)
    found = other.drawn(column) if other else None
    if found is None:
        raise Unfit(f'the table that "{foreign}" refers to has no column "{column}" that is drawn')
    if not open_to_null:
        reading.variable(("column", foreign), lambda chunk: chunk.column(foreign), open_to_null=False)
    name = reading.variable(
        ("parent", foreign, column), lambda chunk: chunk.parents(foreign).column(column), open_to_null=open_to_null
    )
    return name, found.kind


def _binary(node: ast.BinOp, reading: _Reading) -> Read:
    (one, a), (two, b) = _node(node.left, reading), _node(node.right, reading)
    sign = _OPERATORS[type(node.op)]
    whole = a is not Kind.NUMBER and b is not Kind.NUMBER
    if a in _NUMERIC and b in _NUMERIC:
        return f"({one} {sign} {two})", Kind.INTEGER if whole and sign != "/" else Kind.NUMBER
    if sign == "+" and a in _TEXTUAL and b in _TEXTUAL:
        return f"({one} + {two})", Kind.TEXT
    if sign in "+-" and (a, b) == (Kind.SPAN, Kind.SPAN):
        return f"({one} {sign} {two})", Kind.SPAN
    if sign in "+-" and a is Kind.MOMENT and b is Kind.SPAN:
        return f"int({one} {sign} {two})", Kind.MOMENT
    if sign == "+" and a is Kind.SPAN and b is Kind.MOMENT:
        return f"int({one} + {two})", Kind.MOMENT
    if sign == "-" and (a, b) == (Kind.MOMENT, Kind.MOMENT):
        return f"({one} - {two})", Kind.SPAN
    if sign == "*" and {a, b} & {Kind.SPAN} and {a, b} & _NUMERIC:
        return f"({one} * {two})", Kind.SPAN
    if sign == "/" and a is Kind.SPAN and b in _NUMERIC | {Kind.SPAN}:
        return f"({one} / {two})", Kind.NUMBER if b is Kind.SPAN else Kind.SPAN
    hint = "Moments and spans add up: placed_at + hours(2)." if Kind.MOMENT in (a, b) else "Turn one into text(..)."
    raise Unfit(f"{a} {sign} {b} gives nothing", hint)


def _compare(node: ast.Compare, reading: _Reading) -> Read:
    both = (node.left, *node.comparators)
    nulls = [_is_null(one) for one in both]
    if len(both) == 2 and any(nulls) and isinstance(node.ops[0], (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)):
        other, _ = _node(both[nulls.index(False)] if False in nulls else both[0], reading, open_to_null=True)
        is_same = isinstance(node.ops[0], (ast.Eq, ast.Is))
        return f"({other} is {'' if is_same else 'not '}None)", Kind.TRUTH
    parts = [_node(one, reading) for one in both]
    source = parts[0][0]
    for (_, a), operator, (two, b) in zip(parts, node.ops, parts[1:], strict=False):
        if type(operator) not in _COMPARE:
            raise Unfit("values are compared with ==, !=, <, <=, > and >=")
        if _common(a, b) is Kind.TEXT and not (a in _TEXTUAL and b in _TEXTUAL):
            raise Unfit(f"{a} and {b} cannot be compared")
        source += f" {_COMPARE[type(operator)]} {two}"
    return f"({source})", Kind.TRUTH


def _is_null(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "null"


def _common(a: Kind, b: Kind) -> Kind:
    if a is b or b is Kind.NOTHING:
        return a
    if a is Kind.NOTHING:
        return b
    if a in _NUMERIC and b in _NUMERIC:
        return Kind.NUMBER if Kind.NUMBER in (a, b) else Kind.INTEGER
    if a in _TEXTUAL and b in _TEXTUAL:
        return Kind.TEXT
    raise Unfit(f"{a} and {b} do not go together")


_SPANS = {"microseconds": 1, "seconds": SECOND, "minutes": MINUTE, "hours": HOUR, "days": DAY}
_OF_MOMENT = {"hour": (Kind.INTEGER, "_hour"), "weekday": (Kind.INTEGER, "_weekday"), "day": (Kind.MOMENT, "_day")}
_MATHS = {"sqrt": "_sqrt", "exp": "_exp", "ln": "_ln"}
_WORDS = {"upper": "_upper", "lower": "_lower"}
FUNCTIONS = (
    *("abs", "min", "max", "round", "floor", "ceil", "coalesce", "length", "left", "text", "number", "digits"),
    *("in_seconds", "column", "parent", "random", "moment"),
    *_SPANS,
    *_OF_MOMENT,
    *_MATHS,
    *_WORDS,
)


def _call(name: str, args: list[ast.expr], reading: _Reading, open_to_null: bool) -> Read:
    literal = [arg.value for arg in args if isinstance(arg, ast.Constant)]
    if (
        name == "column"
        and len(args) == 1
        and isinstance(literal[:1], list)
        and literal
        and isinstance(literal[0], str)
    ):
        return _name(literal[0], reading, open_to_null)
    if name == "parent" and len(args) == 2 and len(literal) == 2 and all(isinstance(one, str) for one in literal):
        return _parent(str(literal[0]), str(literal[1]), reading, open_to_null)
    if name == "moment" and len(args) == 1 and literal and isinstance(literal[0], str):
        try:
            return str(parse_moment(literal[0])), Kind.MOMENT
        except (ValueError, OverflowError):
            raise Unfit(f'"{literal[0][:60]}" is no moment', "Write moment('2026-01-31 12:00').") from None
    if name == "random" and len(args) == 1 and literal and isinstance(literal[0], int) and 0 <= literal[0] < 1000:
        lane = int(literal[0]) * 2
        return reading.variable(("random", str(lane)), _random(reading, lane), open_to_null=True), Kind.NUMBER
    if name not in FUNCTIONS:
        raise Unfit(f'there is no function "{name}"', near(name, FUNCTIONS) or f"There are: {', '.join(FUNCTIONS)}.")
    parts = [_node(arg, reading, open_to_null=name == "coalesce") for arg in args]
    sources, kinds = [source for source, _ in parts], [kind for _, kind in parts]
    count = len(parts)
    first = kinds[0] if kinds else None
    given = ", ".join(sources)
    if count == 1:
        if name in _SPANS and first in _NUMERIC:
            return f"({given} * {_SPANS[name]})", Kind.SPAN
        if name in _OF_MOMENT and first is Kind.MOMENT:
            kind, helper = _OF_MOMENT[name]
            return f"{helper}({given})", kind
        if name == "in_seconds" and first is Kind.SPAN:
            return f"({given} / {SECOND})", Kind.NUMBER
        if name in _MATHS and first in _NUMERIC:
            return f"{_MATHS[name]}({given})", Kind.NUMBER
        if name in _WORDS and first in _TEXTUAL:
            return f"{_WORDS[name]}({given})", Kind.TEXT
        if name == "length" and first in _TEXTUAL:
            return f"_length({given})", Kind.INTEGER
        if name == "number" and first in _TEXTUAL | _NUMERIC:
            return f"_number({given})", Kind.NUMBER
        if name == "text" and first is not None:
            helper = f"_text_{first.name.lower()}"
            return f"{helper}({given})", Kind.TEXT
        if name in ("floor", "ceil", "round") and first in _NUMERIC:
            return f"_{name}({given})", Kind.INTEGER
        if name == "abs" and first in _NUMERIC | {Kind.SPAN} and first is not None:
            return f"_abs({given})", Kind.INTEGER if first is Kind.TRUTH else first
    if name == "round" and count == 2 and first in _NUMERIC and isinstance(args[1], ast.Constant):
        digits = args[1].value
        if isinstance(digits, int) and 0 <= digits <= 15:
            reading.decimals = digits
            return f"_round({given})", Kind.NUMBER
    if name == "digits" and count == 2 and kinds == [Kind.INTEGER, Kind.INTEGER]:
        return f"_digits({given})", Kind.TEXT
    if name == "left" and count == 2 and first in _TEXTUAL and kinds[1] is Kind.INTEGER:
        return f"_left({given})", Kind.TEXT
    if name in ("min", "max", "coalesce") and count > 1:
        kind = kinds[0]
        for other in kinds[1:]:
            kind = _common(kind, other)
        return f"_{name}({given})", kind
    shown = ", ".join(str(kind) for kind in kinds) or "nothing"
    raise Unfit(f"{name}() does not take {shown}")


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


_HELPERS: dict[str, object] = {
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
