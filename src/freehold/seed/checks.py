"""What CHECK constraints and types say of a column, as far as it can be read off their text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from freehold.seed.model import Column, Table

_LIST = re.compile(
    r"^CHECK \(+(?P<what>[^=<>]*?)\)*(?:::[\w ]+)? = ANY \(+ARRAY\[(?P<items>.*)\]\)*(?:::[\w \[\]]+)?\)+$", re.S
)
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_NUMBERS = re.compile(r"\(?(-?\d+(?:\.\d+)?)\)?(?:::[\w ]+)?")
_BOUND = re.compile(
    r"(?P<name>\"(?:[^\"]|\"\")+\"|\w+)\)?(?:::[\w ]+)? (?P<sign>>=|<=|>|<) \(?\(?'?(?P<number>-?\d+(?:\.\d+)?)'?\)?"
)
_PAIR = re.compile(r"^CHECK \(+(\"(?:[^\"]|\"\")+\"|\w+) (>=|<=|>|<) (\"(?:[^\"]|\"\")+\"|\w+)\)+$")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which numbers a column must lie; ``open_low`` and ``open_high`` exclude the bound itself."""

    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False


def allowed(table: Table, column: Column) -> tuple[str, ...]:
    """The values of an enum, or of a CHECK that lists them; empty when neither does."""
    if column.labels:
        return column.labels
    for check in _of(table, column):
        match = _LIST.match(check)
        if match is None:
            continue
        items = match["items"]
        quoted = tuple(item.replace("''", "'") for item in _QUOTED.findall(items))
        if quoted:
            return quoted
        return tuple(_NUMBERS.findall(items))
    return ()


def bounds(table: Table, column: Column) -> Bounds:
    """The bounds that comparisons with a number set; a CHECK with OR in it says nothing certain."""
    low: list[tuple[float, bool]] = []
    high: list[tuple[float, bool]] = []
    for check in _of(table, column):
        if " OR " in check:
            continue
        for match in _BOUND.finditer(check):
            if _name(match["name"]) not in (column.name, "VALUE"):
                continue
            side = low if match["sign"].startswith(">") else high
            side.append((float(match["number"]), len(match["sign"]) == 1))
    least, most = max(low, default=None), min(high, key=lambda one: (one[0], not one[1]), default=None)
    return Bounds(
        least[0] if least else None,
        most[0] if most else None,
        bool(least and least[1]),
        bool(most and most[1]),
    )


def after(table: Table, column: Column) -> str:
    """A column that this one must not be less than, by a CHECK that compares the two; empty when there is none."""
    for check in table.checks:
        match = _PAIR.match(check.text)
        if match is None:
            continue
        left, right = _name(match[1]), _name(match[3])
        greater, less = (left, right) if match[2].startswith(">") else (right, left)
        if greater == column.name and table.column(less) is not None:
            return less
    return ""


def _of(table: Table, column: Column) -> Iterator[str]:
    for check in table.checks:
        names: Sequence[str] = check.columns
        if tuple(names) == (column.name,):
            yield check.text


def _name(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
