"""SQL scripts and migrations: databases, roles, schemas, tables and what they need of other tables.

Read by PostgreSQL's own parser, one statement at a time, so a dump of any size passes. ``\\c``, ``\\connect``, ``\\i``,
``\\ir``, ``\\set``, ``\\gexec`` and COPY data are understood. Undoing halves (``*.down.sql``, ``-- +goose Down``) are
left out, and so are scripts in the dialect of another database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from posixpath import dirname

from freehold.discover.facts import Fact, Migrated, Script
from freehold.discover.model import Evidence
from freehold.discover.readers._kind import Source, reader
from freehold.discover.scripts import foreign, script_facts
from freehold.discover.statements import lines

_UNDO = re.compile(
    r"(\.down\.sql|(^|/)U\d[^/]*__[^/]*\.sql|[._-]rollback\.sql|(^|/)(down|undo|rollback|revert)\.sql)$", re.IGNORECASE
)
_DOWN = re.compile(
    r"^\s*--\s*(\+goose\s+Down|migrate:down|\+migrate\s+Down|rambler\s+down|\s*UNDO\b|@UNDO)", re.IGNORECASE
)
_TOOLS = (
    (re.compile(r"(^|/)[VR]\d*[\d._]*__[^/]+\.sql$"), "flyway"),
    (re.compile(r"(^|/)\d+_[^/]+\.up\.sql$"), "golang-migrate"),
    (re.compile(r"(^|/)migrations?/\d{14}_[^/]+/migration\.sql$"), "prisma"),
    (re.compile(r"(^|/)migrations/\d{14}_[^/]+\.sql$"), "sqlx"),
    (re.compile(r"(^|/)drizzle/\d{4}_[^/]+\.sql$"), "drizzle"),
)
_PROBE_LINES = 300


@reader(lambda path: path.endswith((".sql", ".pgsql", ".psql", ".ddl")) and not _UNDO.search(path), streams=True)
def sql(source: Source) -> Iterator[Fact]:
    text_lines = lines(source.chunks())
    head = list(islice(text_lines, _PROBE_LINES))
    if foreign("\n".join(head)):
        return
    yield Script(source.path, source.at(1, source.name))
    for pattern, tool in _TOOLS:
        if pattern.search(source.path):
            folder = dirname(source.path)
            yield Migrated(dirname(folder) if tool == "prisma" else folder, tool, source.at(1, source.name))

    def at(line: int, text: str, confidence: float) -> Evidence:
        return source.at(line, text, confidence)

    yield from script_facts(_upward(chain(head, text_lines)), at, path=source.path)


def _upward(text_lines: Iterable[str]) -> Iterator[str]:
    """The lines up to the mark behind which a tool keeps the undoing."""
    for line in text_lines:
        if _DOWN.match(line):
            return
        yield line
