"""Expressions of JavaScript and TypeScript as text with variables, found by their form: nothing is parsed in full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STRING = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`", re.DOTALL)
_ENV = re.compile(
    r"(?:process\.env\.(\w+)|process\.env\[\s*['\"](\w+)['\"]\s*\]|import\.meta\.env\.(\w+)|Deno\.env\.get\(\s*['\"](\w+)['\"]\s*\)|"
    r"Bun\.env\.(\w+)|(?:\w+\.)*(?:get|getOrThrow|env|requireEnv|getEnv)(?:<\w+>)?\(\s*['\"](\w+)['\"]\s*(?:,\s*(?P<default>['\"][^'\"]*['\"]))?[^)]*\))[!]?"
)
_OR = re.compile(r"\s*(?:\|\||\?\?)\s*")
_CAST = re.compile(r"\s*(?:as\s+\w+|!)")
_KEY = re.compile(r"(?:^|[{,\s])['\"]?(?P<key>[A-Za-z_]\w*)['\"]?\s*:\s*")
_COMMENT = re.compile(r"(?<![:'\"`\w/])//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """A key of an object literal: its value as text with variables, and where it stands."""

    value: str
    at: int


def uncommented(text: str) -> str:
    """The text with comments blanked out, so that places stay."""
    return _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def expression(text: str, at: int) -> str:
    """The value of the expression that begins at ``at``: strings, ``process.env.X || 'y'``, templates; else empty."""
    at = _skip(text, at)
    string = _STRING.match(text, at)
    if string is not None:
        return _template(next(g for g in string.groups() if g is not None))
    env = _ENV.match(text, at)
    if env is None:
        return ""
    name = next(g for g in env.groups()[:6] if g)
    if env["default"]:
        return f"${{{name}:-{env['default'][1:-1]}}}"
    after = _CAST.match(text, env.end())
    other = _OR.match(text, after.end() if after else env.end())
    default = expression(text, other.end()) if other else ""
    return f"${{{name}:-{default}}}" if default else f"${{{name}}}"


def objects(text: str) -> Iterator[tuple[int, dict[str, Part]]]:
    """Object literals that hold scalars, innermost first: where they begin and their keys."""
    opened: list[int] = []
    for match in re.finditer(r"[{}]", text):
        if match[0] == "{":
            opened.append(match.start())
        elif opened:
            begin = opened.pop()
            if match.start() - begin < 4000:
                keys = keys_of(text, begin, match.start())
                if keys:
                    yield begin, keys


def keys_of(text: str, begin: int, end: int) -> dict[str, Part]:
    """The keys between two places whose values are expressions that are understood."""
    found: dict[str, Part] = {}
    for match in _KEY.finditer(text, begin, end):
        value = expression(text, match.end())
        if value:
            found.setdefault(match["key"], Part(value, match.start("key")))
    return found


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n(":
        at += 1
    return at


def _template(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        inner = expression(match[1], 0)
        return inner if inner else match[0]

    return re.sub(r"\$\{([^{}]*)\}", one, text)
