"""Values of settings: when two texts mean the same, and how one is written in SQL."""

from __future__ import annotations

from freehold.sqltext import Sql, ident, join, keyword, literal
from freehold.units import parse_bytes, parse_ms

LISTS = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)
"""Settings whose value is a list of names; one literal with commas would be taken as one name."""

_TIMES = ("_timeout", "_delay", "_age", "_duration", "_interval")
_BOOLEANS = {"on": "on", "true": "on", "yes": "on", "off": "off", "false": "off", "no": "off"}


def setting_sql(name: str, value: str) -> Sql:
    """The value as SQL: a list as identifiers, everything else as one literal."""
    if name in LISTS:
        names = split_list(value)
        return join(", ", [ident(item) for item in names]) if names else keyword("''")
    return literal(value)


def same_setting(name: str, one: str, other: str) -> bool:
    """Whether two texts mean the same value: units, quoting and spellings of on and off do not count."""
    if one == other:
        return True
    if name in LISTS:
        return split_list(one) == split_list(other)
    return _canonical(one) == _canonical(other)


def split_list(value: str) -> tuple[str, ...]:
    """A list of identifiers, quoted or not, as PostgreSQL reads it: ``"My s", users`` is ``My s`` and ``users``."""
    names: list[str] = []
    current: list[str] = []
    quoted = was_quoted = False
    position = 0
    while position < len(value):
        char = value[position]
        if quoted:
            if char == '"' and value[position + 1 : position + 2] == '"':
                current.append('"')
                position += 1
            elif char == '"':
                quoted = False
            else:
                current.append(char)
        elif char == '"' and not "".join(current).strip():
            current, quoted, was_quoted = [], True, True
        elif char == ",":
            names.append(_name(current, was_quoted))
            current, was_quoted = [], False
        elif not was_quoted:
            current.append(char)
        position += 1
    names.append(_name(current, was_quoted))
    return tuple(name for name in names if name)


def _name(chars: list[str], quoted: bool) -> str:
    text = "".join(chars)
    return text if quoted else text.strip().lower()


def _canonical(value: str) -> tuple[str, float | str]:
    text = value.strip().strip("'")
    lowered = text.lower()
    if lowered in _BOOLEANS:
        return ("text", _BOOLEANS[lowered])
    try:
        return ("number", float(text))
    except ValueError:
        pass
    try:
        return ("bytes", parse_bytes(text))
    except ValueError:
        pass
    try:
        return ("number", parse_ms(text))
    except ValueError:
        return ("text", lowered)
