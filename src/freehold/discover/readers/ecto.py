"""Elixir with Ecto: the repositories that ``config/*.exs`` configures, with variables and their defaults.

Found by their form, so likely at most. A repository of another engine says so in the same file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.facts import Connection, Fact
from freehold.discover.model import LIKELY
from freehold.discover.readers._kind import Source, reader

_BLOCK = re.compile(
    r"^[ \t]*config\s+:\w+,\s*[\w.]*Repo\w*,(?P<body>(?:\s*[\w?]+:[^\n]*\n?|\s*#[^\n]*\n)+)", re.MULTILINE
)
_KEY = re.compile(r"^\s*(?P<key>database|hostname|username|port|url):\s*(?P<value>.+?),?\s*$", re.MULTILINE)
_ENV = re.compile(
    r'System\.(?:get_env|fetch_env!)\(\s*"(?P<name>\w+)"(?:\s*,\s*"(?P<default>[^"]*)")?\s*\)(?:\s*\|\|\s*"(?P<other>[^"]*)")?'
)
_OTHERS = re.compile(r"MyXQL|Adapters\.Tds|SQLite3|Exqlite")


@reader(lambda path: path.endswith(".exs") and "config/" in path)
def ecto(source: Source) -> Iterator[Fact]:
    text = source.text()
    if "Repo" not in text or _OTHERS.search(text):
        return
    environment = places.environment(source.path)
    for block in _BLOCK.finditer(text):
        found = {match["key"]: match for match in _KEY.finditer(block["body"])}
        given = {key: _value(match["value"]) for key, match in found.items()}
        named = next((key for key in ("url", "database") if given.get(key)), "")
        if not named:
            continue
        line = text.count("\n", 0, block.start("body") + found[named].start("key")) + 1
        yield Connection(
            source.folder, source.at(line, f"{named}: {given[named]}", LIKELY), given.get("url", ""),
            given.get("database", ""), given.get("hostname", ""), given.get("username", ""),
            environment=environment, port=given.get("port", ""),
        )  # fmt: skip


def _value(text: str) -> str:
    """A string, or a variable with its default; empty for anything else."""
    if match := _ENV.match(text):
        default = match["default"] or match["other"]
        return f"${{{match['name']}:-{default}}}" if default else f"${{{match['name']}}}"
    whole = re.fullmatch(r'"([^"#]*)"', text)
    return whole[1] if whole else text if text.isdigit() else ""
