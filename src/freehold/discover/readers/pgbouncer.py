"""PgBouncer: the ``[databases]`` of ``pgbouncer.ini``: which name leads to which database on which host."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Fact, Pooled
from freehold.discover.readers._kind import Source, reader

_NAMED = re.compile(r"(^|/)[^/]*(pgbouncer|pool)[^/]*\.ini(\.(example|template))?$|(^|/)pgbouncer/[^/]+\.ini$")
_LINE = re.compile(r"^\s*(?P<alias>\"[^\"]+\"|[^\s=;#\[]+)\s*=\s*(?P<words>.*)$")
_WORD = re.compile(r"(?P<key>\w+)\s*=\s*(?P<value>'[^']*'|\S+)")


@reader(lambda path: bool(_NAMED.search(path)))
def pgbouncer(source: Source) -> Iterator[Fact]:
    section = ""
    for number, line in enumerate(source.text().split("\n"), 1):
        if line.strip().startswith("["):
            section = line.strip().strip("[]").lower()
        elif section == "databases" and (match := _LINE.match(line)):
            words = {m["key"]: m["value"].strip("'") for m in _WORD.finditer(match["words"])}
            alias = match["alias"].strip('"')
            yield Pooled(alias, words.get("dbname", alias), words.get("host", ""), source.at(number, line))
