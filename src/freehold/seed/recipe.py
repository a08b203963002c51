"""The recipe: what ``seed.yaml`` says of the tables, with every complaint about its form at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from freehold.errors import Complaint
from freehold.seed.args import MOMENT_HINT, Complaints, spec_of
from freehold.seed.calendar import Window
from freehold.seed.moments import HOUR, parse_moment, parse_near
from freehold.seed.spec import Spec
from freehold.spec.model import TableName
from freehold.spec.names import dotted, parse_table, show_table
from freehold.spec.nodes import Broken, compose, masked
from freehold.spec.tree import Data, Text, Tree
from freehold.spec.values import near

DEFAULT_WINDOW = Window(parse_moment("2025-01-01"), parse_moment("2026-01-01"))
"""Where no recipe names a window. Fixed, because the same command must make the same rows next year."""

TOP_KEYS = ("window", "others", "tables")
TABLE_KEYS = ("rows", "columns", "let")
ROWS_KEYS = ("exactly", "per", "times")

_NUMBER = re.compile(r"\d{1,12}(\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows: a weight, a fixed number, or so many for each row of another table (``times`` None: as many as
    its foreign column with a fan-out takes)."""

    weight: Fraction = Fraction(1)
    exactly: int | None = None
    per: TableName | None = None
    times: Fraction | None = None


@dataclass(frozen=True)
class TableRecipe:
    """What the recipe says of one table. ``keep`` leaves it as it is; ``let`` are helpers that are not loaded."""

    name: TableName
    path: str
    rows: Rows = Rows()
    keep: bool = False
    columns: Mapping[str, Spec] = field(default_factory=dict)
    let: Mapping[str, Spec] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """A whole recipe. ``others`` is the weight of tables that it does not name; 0 leaves them as they are."""

    file: str
    text: str
    environment: Mapping[str, str]
    complaints: Complaints
    tables: Mapping[TableName, TableRecipe] = field(default_factory=dict)
    window: Window = DEFAULT_WINDOW
    others: Fraction = Fraction(1)


def read_recipe(file: str, text: str, environment: Mapping[str, str], anchor: int = DEFAULT_WINDOW.end) -> Recipe:
    """The recipe of a file; an empty text is the recipe that names nothing. What is wrong is in ``complaints``.

    ``today`` and ``-90d`` count from ``anchor``, in microseconds.
    """
    tree = Tree(environment)
    complaints = Complaints(tree, file, anchor)
    try:
        root = compose(file, text)
    except Broken as broken:
        tree.complaints.append(broken.complaint)
        return Recipe(file, text, environment, complaints)
    top = tree.root(file, root, "") if root is not None else None
    if top is None:
        return Recipe(file, text, environment, complaints)
    if not isinstance(top, dict):
        complaints.add("", "a recipe is a mapping of keys", "Write tables: and below it the tables by name.")
        return Recipe(file, text, environment, complaints)
    _known(complaints, top, "", TOP_KEYS)
    return Recipe(
        file,
        text,
        environment,
        complaints,
        _tables(complaints, top.get(Text("tables", ""))),
        _window(complaints, top.get(Text("window", ""))),
        _others(complaints, top.get(Text("others", ""))),
    )


def problems(recipe: Recipe) -> tuple[Complaint, ...]:
    """Everything that is wrong with a recipe so far, in file order."""
    return tuple(sorted(set(recipe.complaints.tree.complaints), key=lambda c: (c.line, c.column, c.message)))


def _known(complaints: Complaints, data: Mapping[Text, Data], path: str, keys: tuple[str, ...]) -> None:
    for name in data:
        if name not in keys:
            at = f"{path}.{dotted(name)}" if path else dotted(name)
            hint = near(name.raw, keys) or f"Keys here: {', '.join(keys)}."
            complaints.add(at, f'unknown key "{masked(name.raw)}"', hint, key=True)


def _window(complaints: Complaints, data: Data) -> Window:
    if data is None:
        return DEFAULT_WINDOW
    ends: list[int] = []
    for key, default in (("from", DEFAULT_WINDOW.start), ("to", DEFAULT_WINDOW.end)):
        value = data.get(Text(key, key)) if isinstance(data, dict) else None
        try:
            ends.append(parse_near(str(value)[:60], complaints.anchor) if isinstance(value, Text) else default)
        except (ValueError, OverflowError):
            complaints.add(f"window.{key}", f'"{masked(str(value))}" is no moment', MOMENT_HINT)
            ends.append(default)
    if not isinstance(data, dict):
        complaints.add("window", "a window has two ends", "Write window: {from: 2026-01-01, to: 2026-07-01}.")
        return DEFAULT_WINDOW
    _known(complaints, data, "window", ("from", "to"))
    if ends[1] - ends[0] < HOUR:
        complaints.add("window", "the window is shorter than an hour", "Write from before to.")
        return DEFAULT_WINDOW
    return Window(ends[0], ends[1])


def _others(complaints: Complaints, data: Data) -> Fraction:
    if data is None:
        return Fraction(1)
    if isinstance(data, Text) and data == "keep":
        return Fraction(0)
    return _number(complaints, data, "others", "others is a weight, or keep", Fraction(1))


def _number(complaints: Complaints, data: Data, path: str, message: str, default: Fraction) -> Fraction:
    if isinstance(data, Text) and _NUMBER.fullmatch(data):
        return Fraction(str(data))
    complaints.add(path, message, "Write a number, 0 or more.")
    return default


def _tables(complaints: Complaints, data: Data) -> dict[TableName, TableRecipe]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        complaints.add("tables", "tables are written by name", "Write schema.table: below tables:.")
        return {}
    found: dict[TableName, TableRecipe] = {}
    for key, body in data.items():
        path = dotted("tables", key)
        try:
            name = parse_table(str(key))
            if name.table == "*":
                raise ValueError
        except ValueError:
            complaints.add(path, f'"{masked(key.raw)}" names no single table', "Write schema.table.", key=True)
            continue
        if name in found:
            complaints.add(path, f"table {show_table(name)} is written twice", "Keep one of the two.", key=True)
            continue
        found[name] = _table(complaints, name, body, path)
    return found


def _table(complaints: Complaints, name: TableName, body: Data, path: str) -> TableRecipe:
    if body is None:
        return TableRecipe(name, path)
    if isinstance(body, Text) and body == "keep":
        return TableRecipe(name, path, Rows(Fraction(0)), keep=True)
    if not isinstance(body, dict):
        complaints.add(path, "a table has rows and columns", "Write rows: 3 and columns: below it, or keep.")
        return TableRecipe(name, path)
    _known(complaints, body, path, TABLE_KEYS)
    rows = body.get(Text("rows", ""))
    keep = isinstance(rows, Text) and rows == "keep"
    return TableRecipe(
        name,
        path,
        Rows(Fraction(0)) if keep else _rows(complaints, rows, f"{path}.rows"),
        keep,
        _specs(complaints, body.get(Text("columns", "")), f"{path}.columns"),
        _specs(complaints, body.get(Text("let", "")), f"{path}.let"),
    )


def _rows(complaints: Complaints, data: Data, path: str) -> Rows:
    if data is None:
        return Rows()
    message = "rows is a weight, {exactly: N}, or {per: SCHEMA.TABLE}"
    if not isinstance(data, dict):
        return Rows(_number(complaints, data, path, message, Fraction(1)))
    _known(complaints, data, path, ROWS_KEYS)
    exactly, per, times = (data.get(Text(key, key)) for key in ROWS_KEYS)
    if exactly is not None and per is not None:
        complaints.add(path, "exactly and per exclude each other", "Keep one of the two.")
    if exactly is not None:
        return Rows(exactly=int(_number(complaints, exactly, f"{path}.exactly", "exactly is a number", Fraction(1))))
    if not isinstance(per, Text):
        complaints.add(path, message, "Write rows: {per: orders.purchase, times: 3}.")
        return Rows()
    share = None if times is None else _number(complaints, times, f"{path}.times", "times is a number", Fraction(1))
    try:
        return Rows(per=parse_table(str(per)), times=share)
    except ValueError:
        complaints.add(f"{path}.per", f'"{masked(per.raw)}" names no table', "Write schema.table.")
        return Rows()


def _specs(complaints: Complaints, data: Data, path: str) -> dict[str, Spec]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        complaints.add(path, "columns are written by name", "Write name: DRAW, one a line.")
        return {}
    found: dict[str, Spec] = {}
    for name, body in data.items():
        at = f"{path}.{dotted(name)}"
        spec = spec_of(body, at, complaints)
        if spec is not None:
            found[str(name)] = spec
    return found
