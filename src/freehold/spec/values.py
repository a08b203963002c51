"""The scalars of a declaration: each a pydantic type that refuses with our words and shows only what is written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema

from freehold.spec.model import Reference, TableName
from freehold.spec.names import parse_columns, parse_table
from freehold.spec.nodes import masked
from freehold.spec.tree import Text, Unknown
from freehold.units import parse_bytes, parse_ms

Value = TypeVar("Value")

_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})")
VARIABLE = r"^(env:[A-Za-z_][A-Za-z0-9_]*|.*\$\{.+\}.*)$"
INT32_MAX = 2**31 - 1


class Refused(ValueError):
    """A value that its key does not accept. ``message`` and ``hint`` show only the text as written."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def raw(value: object) -> str:
    """How ``value`` stands in the file, fit to print."""
    return masked(value.raw if isinstance(value, Text) else str(value))


def scalar(value: object, hint: str) -> str:
    """``value`` as text. Raises Refused for a list, a mapping or nothing."""
    if isinstance(value, dict):
        raise Refused("a mapping stands where one value is expected", hint)
    if isinstance(value, list):
        raise Refused("a list stands where one value is expected", hint)
    if value is None:
        raise Refused("the value is missing", hint)
    return str(value)


def _name(value: object) -> str:
    text = scalar(value, "Write a name.")
    if isinstance(value, Unknown):
        return "?"
    if isinstance(value, Text) and value.reads_as != "str":
        kind = {"int": "a number", "float": "a number", "bool": "true or false", "timestamp": "a date"}
        read = kind.get(value.reads_as, value.reads_as)
        raise Refused(f'the name "{raw(value)}" reads as {read}', f'Quote it: "{raw(value)}".')
    if not text:
        raise Refused("a name is empty", "Write a name.")
    return text


def _text(value: object) -> str:
    return scalar(value, "Write one value.")


def integer(low: int, high: int, what: str) -> Callable[[object], int]:
    """The reader of a whole number from ``low`` to ``high``."""

    def read(value: object) -> int:
        hint = f"Write {what} from {low} to {high}."
        text = scalar(value, hint)
        if isinstance(value, Unknown):
            return low
        if not _INTEGER.fullmatch(text):
            raise Refused(f'"{raw(value)}" is not a whole number', hint)
        if not low <= int(text) <= high:
            raise Refused(f'"{raw(value)}" is not between {low} and {high}', hint)
        return int(text)

    return read


def _switch(value: object) -> bool:
    text = scalar(value, "Write true or false.")
    if text not in ("true", "false") and not isinstance(value, Unknown):
        raise Refused(f'"{raw(value)}" is neither true nor false', "Write true or false.")
    return text == "true"


def _measure(parse: Callable[[str], int], what: str, hint: str, limit: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        text = scalar(value, hint)
        if isinstance(value, Unknown) or text == "0":
            return 0
        if len(text) > 40:
            raise Refused(f'"{raw(value)}" is not a {what}', hint)
        try:
            count = parse(text)
        except ValueError:
            raise Refused(f'"{raw(value)}" is not a {what}', hint) from None
        if count > limit:
            raise Refused(f'"{raw(value)}" is more than PostgreSQL accepts', hint)
        return count

    return read


def _table(value: object) -> TableName:
    hint = "Write schema.table, or schema.* for all tables of a schema; quote a part that holds a dot: '\"a.b\".t'."
    text = scalar(value, hint)
    if isinstance(value, Unknown):
        return TableName("?", "?")
    try:
        return parse_table(text)
    except ValueError:
        raise Refused(f'"{raw(value)}" is not a table', hint) from None


def _one_table(value: object) -> TableName:
    table = _table(value)
    if table.table == "*":
        raise Refused(f'"{raw(value)}" names no single table', "Write schema.table.")
    return table


def _key(value: object) -> tuple[TableName, tuple[str, ...]]:
    hint = "Write schema.table(column), or schema.table(a, b) for a key of several columns."
    text = scalar(value, hint)
    if isinstance(value, Unknown):
        return TableName("?", "?"), ("?",)
    try:
        table, columns = parse_columns(text)
    except ValueError:
        raise Refused(f'"{raw(value)}" is not a table with columns', hint) from None
    if table.table == "*":
        raise Refused(f'"{raw(value)}" names no single table', hint)
    return table, columns


def url_problem(text: str) -> str:
    """Why ``text`` cannot be the URL of a server, without showing it; empty when it can."""
    if not text.startswith(("postgresql://", "postgres://")):
        return "does not start with postgresql:// or postgres://"
    try:
        parts = urlsplit(text)
        if parts.port == 0:
            return "has port 0"
    except ValueError:
        return "has a host or a port that cannot be read"
    if not parts.hostname and "host=" not in parts.query:
        return "names no host"
    return ""


def _url(value: object) -> str:
    hint = "Write postgresql://user@host:port/database, or env:NAME of a variable that holds it."
    text = scalar(value, hint)
    problem = "" if isinstance(value, Unknown) else url_problem(text)
    if problem:
        raise Refused(f'the URL "{raw(value)}" {problem}', hint)
    return text


def _day(value: object) -> str:
    hint = "Write a day as 2027-01-31."
    text = scalar(value, hint)
    if isinstance(value, Unknown):
        return ""
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Refused(f'"{raw(value)}" is not a day', hint) from None


def one_of(*words: str) -> Callable[[object], str]:
    """A word of a closed set; a near miss is named."""

    def read(value: object) -> str:
        hint = f"Write one of {', '.join(words)}."
        text = scalar(value, hint)
        if isinstance(value, Unknown):
            return words[0]
        if text not in words:
            raise Refused(f'"{raw(value)}" is not one of {", ".join(words)}', near(raw(value), words) or hint)
        return text

    return read


def near(text: str, words: tuple[str, ...]) -> str:
    """The hint that names the word nearest to ``text``; empty when none is near."""
    close = difflib.get_close_matches(text.lower()[:80].replace("_", "-"), words, 1, 0.6)
    close = close or difflib.get_close_matches(text.lower()[:80], words, 1, 0.6)
    return f'Did you mean "{close[0]}"?' if close else ""


def _schema(kind: str, **more: object) -> WithJsonSchema:
    """The editors' view: the plain type, or a variable that will become one."""
    if kind == "string":
        return WithJsonSchema({"type": "string", **more})
    return WithJsonSchema({"anyOf": [{"type": kind, **more}, {"type": "string", "pattern": VARIABLE}]})


def pattern(low: int, high: int) -> WithJsonSchema:
    """The editors' view of a whole number from ``low`` to ``high``."""
    return _schema("integer", minimum=low, maximum=high)


def _measured(units: str) -> WithJsonSchema:
    measure = rf"^\s*\d+(\.\d+)?\s*({units})\s*$|{VARIABLE}"
    return WithJsonSchema({"anyOf": [{"const": 0}, {"type": "string", "pattern": measure}]})


Name = Annotated[str, BeforeValidator(_name), _schema("string", minLength=1)]
Plain = Annotated[str, BeforeValidator(_text), _schema("string")]
Setting = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Port = Annotated[int, BeforeValidator(integer(1, 65535, "a port")), _schema("integer", minimum=1, maximum=65535)]
Count = Annotated[
    int, BeforeValidator(integer(1, 262143, "a number of connections")), _schema("integer", minimum=1, maximum=262143)
]
Reserve = Annotated[
    int, BeforeValidator(integer(0, 262143, "a number of connections")), _schema("integer", minimum=0, maximum=262143)
]
Processes = Annotated[
    int, BeforeValidator(integer(1, 64, "a number of processes")), _schema("integer", minimum=1, maximum=64)
]
Switch = Annotated[bool, BeforeValidator(_switch), _schema("boolean")]
Duration = Annotated[
    int,
    BeforeValidator(
        _measure(parse_ms, "duration", "Write a number and one of us, ms, s, min, h, d, as 30s.", INT32_MAX)
    ),
    _measured("us|ms|s|min|h|d"),
]
Size = Annotated[
    int,
    BeforeValidator(
        _measure(parse_bytes, "size", "Write a number and one of B, kB, MB, GB, TB, as 16MB.", INT32_MAX * 1024)
    ),
    _measured("B|kB|MB|GB|TB"),
]
Table = Annotated[TableName, BeforeValidator(_table), _schema("string", pattern=r"^.+\..+$|^env:.+$")]
OneTable = Annotated[TableName, BeforeValidator(_one_table), _schema("string", pattern=r"^.+\..+$|^env:.+$")]
Key = Annotated[
    tuple[TableName, tuple[str, ...]], BeforeValidator(_key), _schema("string", pattern=r"^.+\..+\(.+\)\s*$|^env:.+$")
]
Url = Annotated[str, BeforeValidator(_url), _schema("string", pattern=rf"^postgres(ql)?://.+$|{VARIABLE}")]
Day = Annotated[str, BeforeValidator(_day), _schema("string")]
Weight = Annotated[int, BeforeValidator(integer(0, 100, "a weight")), _schema("integer", minimum=0, maximum=100)]


def reference(source: tuple[TableName, tuple[str, ...]], target: tuple[TableName, tuple[str, ...]]) -> Reference:
    """The two ends of a foreign key as one value."""
    return Reference(source[0], source[1], target[0], target[1])
