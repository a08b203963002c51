"""What the recipe says of one column: the draw's name and its keys, still as written, each piece with its place."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.spec.tree import Data, Text

Keys = dict[Text, Data]


@dataclass(frozen=True, slots=True)
class Spec:
    """``{NAME: value, nulls: 0.2}`` or just ``NAME``. ``path`` leads to the place in the file, empty for a draw that no
    file names; ``value`` is whatever stands behind the name."""

    draw: str
    value: Data
    path: str
    nulls: float = 0.0


def made(draw: str, **keys: str | dict[str, str] | list[str]) -> Spec:
    """The spec of a draw that no file names."""
    return Spec(draw, {_text(name): _data(value) for name, value in keys.items()}, "")


def _data(value: str | dict[str, str] | list[str]) -> Data:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_text(item) for item in value]
    return {_text(name): _text(item) for name, item in value.items()}


def _text(text: str) -> Text:
    return Text(text, text)
