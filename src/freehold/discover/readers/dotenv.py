"""Env files: ``.env``, ``.env.production``, ``env.example``, ``orders.env``: variables as a shell would take them.

A template (``.example``, ``.sample``) is read too and counts as what it is. A comment counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.facts import Fact, Variable
from freehold.discover.readers._kind import Source, reader

_NAMED = re.compile(
    r"(^|/)(\.?env(\.[\w.-]+)?|[\w.-]+\.env(\.[\w-]+)?|\.envrc|dotenv|env[._-](example|sample|template))$"
)
_LINE = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_][\w.-]*)\s*=\s*(?P<value>.*)$")
_QUOTED = re.compile(r"'(?P<single>[^']*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\"")
_CODE = (
    ".ts",
    ".js",
    ".py",
    ".tsx",
    ".mjs",
    ".go",
    ".rb",
    ".d",
    ".md",
    ".html",
    ".php",
    ".sh",
    ".json",
    ".yml",
    ".yaml",
)


@reader(lambda path: bool(_NAMED.search(path)) and not path.endswith(_CODE))
def dotenv(source: Source) -> Iterator[Fact]:
    environment = places.environment(source.path)
    for number, line in enumerate(source.text().split("\n"), 1):
        match = _LINE.match(line.rstrip("\r"))
        if match is not None:
            value = unquoted(match["value"].strip())
            yield Variable(f"file:{source.path}", match["name"], value, source.at(number, line.strip()), environment)


def unquoted(value: str) -> str:
    """A value without its quotes, or without the comment behind it."""
    if value[:1] in ("'", '"'):
        match = _QUOTED.match(value)
        if match is None:
            return value[1:]
        return match["single"] if value[0] == "'" else re.sub(r'\\(["\\])', r"\1", match["double"])
    return re.split(r"\s+#", value, maxsplit=1)[0].strip()
