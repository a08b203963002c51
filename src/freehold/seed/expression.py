"""Expressions over columns: read with Python's own grammar, checked node by node, and run on whole columns at once.

Only what is listed here is let through; everything else is refused with its name. Kinds are checked before any row is
drawn, so that ``placed_at * 2`` is a complaint about the recipe and not about row 1.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from freehold.seed.draws._kind import Place
from freehold.seed.functions import FUNCTIONS, HELPERS, applied
from freehold.seed.kinds import COMPARE, NUMERIC, OPERATORS, TEXTUAL, Read, Unfit, binary, common
from freehold.seed.model import Chunk, Kind, Value
from freehold.seed.moments import parse_moment
from freehold.spec.values import near

LENGTH_MAX = 4000


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
    namespace: dict[str, object] = {"__builtins__": {}, **HELPERS}
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
            if kind not in NUMERIC | {Kind.SPAN}:
                raise Unfit(f"{kind} have no negative")
            return f"(-{inner})", Kind.INTEGER if kind is Kind.TRUTH else kind
        case ast.UnaryOp(op=ast.Not()):
            return f"(not {_node(node.operand, reading)[0]})", Kind.TRUTH
        case ast.BinOp() if type(node.op) in OPERATORS:
            return binary(node.op, _node(node.left, reading), _node(node.right, reading))
        case ast.BoolOp():
            word = " and " if isinstance(node.op, ast.And) else " or "
            return f"({word.join(f'bool({_node(one, reading)[0]})' for one in node.values)})", Kind.TRUTH
        case ast.Compare():
            return _compare(node, reading)
        case ast.IfExp():
            test, _ = _node(node.test, reading)
            one, two = _node(node.body, reading), _node(node.orelse, reading)
            return f"({one[0]} if {test} else {two[0]})", common(one[1], two[1])
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
        if type(operator) not in COMPARE:
            raise Unfit("values are compared with ==, !=, <, <=, > and >=")
        if common(a, b) is Kind.TEXT and not (a in TEXTUAL and b in TEXTUAL):
            raise Unfit(f"{a} and {b} cannot be compared")
        source += f" {COMPARE[type(operator)]} {two}"
    return f"({source})", Kind.TRUTH


def _is_null(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "null"


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
    digits = _number_at(args, 1)
    read = applied(name, parts, digits)
    if name == "round" and digits is not None:
        reading.decimals = digits
    return read


def _number_at(args: list[ast.expr], position: int) -> int | None:
    """The whole number that stands as an argument."""
    match args[position : position + 1]:
        case [ast.Constant(value=int() as number)]:
            return number
    return None
