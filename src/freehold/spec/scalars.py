"""Values as YAML text that reads back as exactly these values, on one line or indented."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import yaml

Written = str | int | bool | None | Sequence["Written"] | Mapping[str, "Written"]

_PLAIN = re.compile(
    r"[A-Za-z_/.][A-Za-z0-9_./@+-]*(?::[A-Za-z_]+)?(?: [A-Za-z0-9_./@+-]+)*|\d+[A-Za-z]{1,3}|\d+-\d+-\d+"
)
_STR = "tag:yaml.org,2002:str"


def flow(value: Written) -> str:
    """``value`` on one line: ``{port: 5432, schemas: [users, audit]}``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(key)}: {flow(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(flow(item) for item in value) + "]"


def block(key: str, value: Written, indent: int) -> list[str]:
    """``key: value`` as lines indented by ``indent``; mappings go below their key, everything else beside it."""
    head = " " * indent + _text(key) + ":"
    if isinstance(value, Mapping) and value:
        return [head, *(line for below, item in value.items() for line in block(below, item, indent + 2))]
    return [head if value is None else f"{head} {flow(value)}"]


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and len(text) < 100 and _reads_as(text) == _STR:
        return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable() and char != "\ufeff":
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def _reads_as(text: str) -> str:
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    return "" if node is None else str(node.tag)
