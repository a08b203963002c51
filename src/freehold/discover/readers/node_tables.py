"""Tables of JavaScript and TypeScript: Knex and Sequelize ``createTable``, TypeORM ``@Entity``, Drizzle ``pgTable``.

Found by form, so likely at most. Only in projects that speak to PostgreSQL does the merge count them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Fact
from freehold.discover.javascript import uncommented
from freehold.discover.made import TableMade
from freehold.discover.model import LIKELY
from freehold.discover.readers._kind import Source, reader

_FILES = re.compile(r"\.(ts|js|mjs|cjs)$")
_LEFT_OUT = re.compile(r"\.(spec|test|min|d)\.(ts|js)$")
_TABLE = re.compile(
    r"\.createTable(?:IfNotExists)?\(\s*['\"`](?P<knex>[^'\"`$]+)['\"`]"
    r"|@Entity\(\s*(?:['\"`](?P<entity>[^'\"`]+)['\"`]|\{[^}]*?\bname:\s*['\"`](?P<named>[^'\"`]+)['\"`][^}]*\})"
    r"|\bpgTable\(\s*['\"`](?P<drizzle>[^'\"`]+)['\"`]"
    r"|new\s+Table\(\s*\{\s*name:\s*['\"`](?P<orm>[^'\"`]+)['\"`]"
)
_WORDS = ("createTable", "@Entity", "pgTable", "new Table")


@reader(lambda path: bool(_FILES.search(path)) and not _LEFT_OUT.search(path))
def node_tables(source: Source) -> Iterator[Fact]:
    text = source.text()
    if not any(word in text for word in _WORDS):
        return
    text = uncommented(text)
    for match in _TABLE.finditer(text):
        name = next(group for group in match.groups() if group)
        schema, _, table = name.rpartition(".")
        line = text.count("\n", 0, match.start()) + 1
        yield TableMade(schema, table, source.at(line, match[0], LIKELY))
