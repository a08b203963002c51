"""Values as literals of Python, so that no name can be anything else than a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Value = str | int | bool | None | Sequence["Value"] | Mapping[str, "Value"]


def literal(value: Value) -> str:
    """The value as ASCII text that Python reads back, keys in the order given."""
    match value:
        case str():
            return _text(value)
        case bool() | int() | None:
            return repr(value)
        case Mapping():
            return "{" + ", ".join(f"{_text(key)}: {literal(one)}" for key, one in value.items()) + "}"
        case _:
            return "[" + ", ".join(literal(one) for one in value) + "]"


def comment(text: str) -> str:
    """``text`` as part of a comment or a docstring: nothing in it can end either."""
    return "".join(c if c.isprintable() and c not in "\"\\'" else f"<{ord(c):04x}>" for c in text)


def _text(text: str) -> str:
    quoted = ascii(text)
    if quoted.startswith('"'):
        return quoted
    return '"' + quoted[1:-1].replace('"', '\\"').replace("\\'", "'") + '"'
