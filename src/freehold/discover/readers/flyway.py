"""Flyway's own settings: ``flyway.conf`` and ``flyway.toml`` with the URL and the schemas (its SQL is read by sql)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Connection, Fact
from freehold.discover.made import SchemaMade
from freehold.discover.readers._kind import Source, reader

_NAMED = re.compile(r"(^|/)flyway[\w.-]*\.(conf|toml|properties)$")
_LINE = re.compile(r"^\s*(?:flyway\.)?(?P<key>url|schemas|defaultSchema|user)\s*=\s*(?P<value>.+?)\s*$")


@reader(lambda path: bool(_NAMED.search(path)))
def flyway(source: Source) -> Iterator[Fact]:
    for number, line in enumerate(source.text().split("\n"), 1):
        match = _LINE.match(line)
        if match is None:
            continue
        value = match["value"].strip("\"'[] ")
        if match["key"] == "url":
            yield Connection(source.folder, source.at(number, line), value)
        elif match["key"] in ("schemas", "defaultSchema"):
            for name in re.split(r"[,\s\"']+", value):
                if name and "$" not in name and name != "public":
                    yield SchemaMade(name, source.at(number, line))
