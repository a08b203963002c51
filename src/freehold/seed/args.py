"""The keys of a draw, read one by one; what is wrong becomes a complaint at its place and a default stands in."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from freehold.seed.moments import parse_near, parse_span
from freehold.seed.spec import Keys, Spec
from freehold.spec.model import Mark, TableName
from freehold.spec.names import dotted, parse_columns
from freehold.spec.nodes import masked
from freehold.spec.tree import Data, Text, Tree
from freehold.spec.values import near

MOMENT_HINT = "Write 2026-01-31 or 2026-01-31 12:30:00 in UTC, or today, -90d, +2h."

_RANGE = re.compile(r"(\d+)(?:\s*\.\.\s*(\d+))?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d{1,18}")


@dataclass
class Complaints:
    """Collects what is wrong in a recipe, each at the nearest place that the file has.

    ``anchor`` is the moment from which relative ones count."""

    tree: Tree
    file: str
    anchor: int = 0
    fallback: str = ""
    said: set[Mark] = field(default_factory=set)

    def mark(self, path: str) -> Mark:
        """The place of a path, or of what stands around it."""
        at = path or self.fallback
        while at:
            if at in self.tree.marks:
                return self.tree.marks[at]
            at = at.rpartition(".")[0]
        return Mark(self.file, 1, 1)

    def add(self, path: str, message: str, hint: str, *, key: bool = False) -> None:
        """One complaint about the value at ``path``, or about its key; the first at a place is the cause of any other
        there."""
        mark = self.tree.keys[path] if key and path in self.tree.keys else self.mark(path)
        if mark not in self.said:
            self.said.add(mark)
            self.tree.complain(mark, "seed", message, self.tree.written.get(path, ""), hint)


class Args:
    """The keys of one draw. Every read names its key, so that what was never asked for can be complained about."""

    def __init__(self, spec: Spec, complaints: Complaints, keys: Sequence[str], short: str, *, free: bool) -> None:
        self.spec = spec
        self.complaints = complaints
        self.path = spec.path
        value = spec.value
        self.free = value if free else None
        """What stands behind a draw whose keys are its data."""
        self._given: Keys = {}
        if free or value is None:
            return
        if isinstance(value, dict):
            self._given = value
            for name in value:
                if name not in keys:
                    hint = near(name.raw, tuple(keys)) or (
                        f"Keys of {spec.draw}: {', '.join(keys)}." if keys else f"{spec.draw} has no keys."
                    )
                    complaints.add(self.at(name), f'{spec.draw} has no key "{masked(name.raw)}"', hint, key=True)
        elif short:
            self._given = {Text(short, short): value}
        else:
            shown = "a list" if isinstance(value, list) else f'"{masked(value.raw)}"'
            hint = f"Write {{{spec.draw}: {{key: value}}}}." if keys else f"Write {spec.draw} alone."
            complaints.add(self.path, f"{spec.draw} takes no {shown} alone", hint)
        self._short = short if not isinstance(value, dict) else ""

    def at(self, key: str) -> str:
        """The path of a key."""
        if not self.path or getattr(self, "_short", "") == key:
            return self.path
        return f"{self.path}.{dotted(key)}"

    def has(self, key: str) -> bool:
        """Whether the key is written."""
        return self._given.get(Text(key, key)) is not None

    def data(self, key: str) -> Data:
        """What stands behind a key, as it is written."""
        return self._given.get(Text(key, key))

    def refuse(self, key: str, message: str, hint: str) -> None:
        """Complain about a key's value, or with an empty key about the draw."""
        self.complaints.add(self.at(key) if key else self.path, message, hint)

    def text(self, key: str, default: str = "") -> str:
        value = self.data(key)
        if value is None:
            return default
        if not isinstance(value, Text):
            self.refuse(key, f"{key} is one value", "Write one value.")
            return default
        return str(value)

    def number(self, key: str, default: float, low: float = -math.inf, high: float = math.inf) -> float:
        """A number between two, both included."""
        text = self.text(key)
        if not text:
            return default
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not low <= value <= high or math.isinf(value):
            self.refuse(
                key, f'"{masked(text)}" is no {key} of {self.spec.draw}', f"Write a number{_between(low, high)}."
            )
            return default
        return value

    def limit(self, key: str) -> float | None:
        """A number, or None when the key is absent."""
        return self.number(key, 0.0) if self.has(key) else None

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number between two, both included."""
        text = self.text(key)
        if not text:
            return default
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            self.refuse(
                key, f'"{masked(text)}" is no {key} of {self.spec.draw}', f"Write a whole number{_between(low, high)}."
            )
            return default
        return int(text)

    def span(self, key: str, default: tuple[int, int], low: int, high: int) -> tuple[int, int]:
        """``3`` or ``1..5``."""
        text = self.text(key)
        if not text:
            return default
        match = _RANGE.fullmatch(text)
        first, last = (int(match[1]), int(match[2] or match[1])) if match and len(text) < 40 else (0, -1)
        if not low <= first <= last <= high:
            hint = f"Write a number or two as 1..5{_between(low, high)}."
            self.refuse(key, f'"{masked(text)}" is no {key} of {self.spec.draw}', hint)
            return default
        return first, last

    def word(self, key: str, words: Sequence[str], default: str) -> str:
        """A word of a closed set."""
        text = self.text(key)
        if not text:
            return default
        if text not in words:
            hint = near(text, tuple(words)) or f"Write one of {', '.join(words)}."
            self.refuse(key, f'"{masked(text)}" is no {key} of {self.spec.draw}', hint)
            return default
        return text

    def flag(self, key: str, default: bool) -> bool:
        return self.word(key, ("true", "false"), "true" if default else "false") == "true"

    def moment(self, key: str) -> int | None:
        """A moment in microseconds, or None when the key is absent."""
        text = self.text(key)
        if not text:
            return None
        try:
            return parse_near(text[:60], self.complaints.anchor)
        except (ValueError, OverflowError):
            self.refuse(key, f'"{masked(text)}" is no moment', MOMENT_HINT)
            return None

    def duration(self, key: str, default: int) -> int:
        """A span of time in microseconds."""
        text = self.text(key)
        if not text:
            return default
        try:
            return parse_span(text[:40])
        except ValueError:
            self.refuse(key, f'"{masked(text)}" is no span', "Write a number and one of us, ms, s, min, h, d, w.")
            return default

    def weights(self, key: str) -> list[tuple[Text | None, float]]:
        """A list of values, all alike, or a mapping of values to weights; None is NULL. Empty when absent."""
        value = self.free if key == "" else self.data(key)
        if isinstance(value, Text):
            self.refuse(key, "one value is no choice", "Write [a, b], or {a: 3, b: 1} with weights.")
            return []
        if isinstance(value, list):
            if any(isinstance(item, (dict, list)) for item in value):
                self.refuse(key, "a choice is made between single values", "Write [a, b].")
                return []
            return [(item if isinstance(item, Text) else None, 1.0) for item in value]
        found: list[tuple[Text | None, float]] = []
        for name, weight in (value or {}).items():
            text = str(weight) if isinstance(weight, Text) else ""
            if not _NUMBER.fullmatch(text) or not 0 <= float(text) < 1e12:
                path = f"{self.at(key) if key else self.path}.{dotted(name)}" if self.path else ""
                self.complaints.add(path, f'"{masked(text)}" is no weight', "Write a number, 0 or more.")
                continue
            found.append((name, float(text)))
        if found and not any(weight for _, weight in found):
            self.refuse(key, "all weights are 0", "Give one value a weight.")
            return []
        return found

    def place(self, key: str) -> tuple[TableName, str] | None:
        """``schema.table(column)``."""
        text = self.text(key)
        hint = "Write schema.table(column)."
        if not text:
            self.refuse("", f'{self.spec.draw} needs "{key}"', hint)
            return None
        try:
            table, columns = parse_columns(text)
        except ValueError:
            columns, table = (), TableName("", "")
        if len(columns) != 1:
            self.refuse(key, f'"{masked(text)}" is not a table with one column', hint)
            return None
        return table, columns[0]

    def specs(self, key: str) -> Mapping[str, Spec]:
        """Nested draws by name: those of a mapping, or the one behind a key under its own name."""
        value = self.free if key == "" else self.data(key)
        if key and value is None:
            return {}
        if key:
            nested = spec_of(value, self.at(key), self.complaints)
            return {key: nested} if nested else {}
        found: dict[str, Spec] = {}
        for name, data in (value if isinstance(value, dict) else {}).items():
            nested = spec_of(data, f"{self.path}.{dotted(name)}" if self.path else "", self.complaints)
            if nested is not None:
                found[str(name)] = nested
        return found


def spec_of(data: Data, path: str, complaints: Complaints) -> Spec | None:
    """A column's draw: a word, or one name with its keys and perhaps ``nulls``."""
    hint = "Write the name of a draw, or {name: {key: value}}; docs/draws.md lists them."
    if isinstance(data, Text):
        return Spec(str(data), None, path)
    if not isinstance(data, dict) or not data:
        complaints.add(path, "a draw is missing" if data is None else "this is no draw", hint)
        return None
    names = [name for name in data if name != "nulls"]
    if len(names) != 1:
        shown = ", ".join(masked(name.raw) for name in names)
        complaints.add(path, f"a column has one draw, not {len(names)}: {shown}", hint)
        return None
    name = names[0]
    nulls = 0.0
    if len(data) == 2:
        given = data[Text("nulls", "nulls")]
        text = str(given) if isinstance(given, Text) else ""
        if _NUMBER.fullmatch(text) and 0 <= float(text) <= 1:
            nulls = float(text)
        else:
            complaints.add(f"{path}.nulls" if path else "", f'"{masked(text)}" is no share', "Write nulls: 0.2.")
    return Spec(str(name), data[name], f"{path}.{dotted(name)}" if path else "", nulls)


def moments_of(spec: Spec) -> Iterator[str]:
    """Whatever stands behind from and to."""
    for key, item in spec.value.items() if isinstance(spec.value, dict) else ():
        if key in ("from", "to") and isinstance(item, Text):
            yield str(item)


def targets(spec: Spec) -> Iterator[TableName]:
    """The tables that a foreign draw names."""
    value = spec.value
    texts = [value] if isinstance(value, Text) else []
    if isinstance(value, dict):
        texts = [item for key, item in value.items() if key == "to" and isinstance(item, Text)]
    for text in texts if spec.draw == "foreign" else ():
        try:
            yield parse_columns(str(text))[0]
        except ValueError:
            continue


def _between(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f", {low:g} or more"
    return f" from {low:g} to {high:g}"
