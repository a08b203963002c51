"""Values written in the recipe as what they look like: all whole numbers, all numbers, all true or false, or text."""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.model import Kind, Value
from freehold.spec.tree import Text


def typed(texts: Sequence[Text | None]) -> tuple[Kind, list[Value]]:
    """The kind that fits all of the values, and the values; None stays None."""
    given = [text for text in texts if text is not None]
    looks = {text.reads_as for text in given}
    if looks == {"int"} and all(_whole(text) for text in given):
        return Kind.INTEGER, [None if text is None else int(text) for text in texts]
    if looks == {"bool"}:
        return Kind.TRUTH, [None if text is None else text.lower() in ("true", "yes", "on", "y") for text in texts]
    if given and looks <= {"int", "float"} and all(_number(text) for text in given):
        return Kind.NUMBER, [None if text is None else float(text) for text in texts]
    return Kind.TEXT, [None if text is None else str(text) for text in texts]


def _whole(text: str) -> bool:
    digits = text.removeprefix("-").removeprefix("+")
    return digits.isascii() and digits.isdigit() and len(digits) < 19 and (digits == "0" or digits[0] != "0")


def _number(text: str) -> bool:
    whole, _, part = text.removeprefix("-").removeprefix("+").partition(".")
    return (whole + part).isascii() and (whole + part).isdigit() and len(text) < 16
