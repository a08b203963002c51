"""Rails: ``config/database.yml`` with ERB, and the tables of ``db/schema.rb``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.engines import of_word
from freehold.discover.facts import Connection, Fact, Unreadable
from freehold.discover.made import TableMade, TableNamed
from freehold.discover.readers._kind import Source, reader
from freehold.discover.yamltree import NotYaml, Tree, documents

_NAMED = re.compile(r"(^|/)config/database(\.[\w-]+)?\.yml(\.(example|sample))?$|(^|/)db/(\w+_)?schema\.rb$")
_ERB = re.compile(r"<%=?-?\s*(.*?)\s*-?%>", re.DOTALL)
_ENV = re.compile(
    r"ENV\.fetch\(\s*['\"](\w+)['\"]\s*(?:,\s*['\"]?([^'\")]*)['\"]?)?\s*\)(?:\s*\{\s*['\"]?([^'\"}]*?)['\"]?\s*\})?|ENV\[\s*['\"](\w+)['\"]\s*\](?:\s*\|\|\s*['\"]([^'\"]*)['\"])?"
)
_TABLE = re.compile(r"^\s*create_table\s+[\"':](?P<name>[\w.]+)")
_COLUMN = re.compile(r"^\s*t\.(?P<type>\w+)\s+[\"':](?P<name>\w+)")
_KEY = re.compile(r"^\s*add_foreign_key\s+[\"':](?P<from>[\w.]+)[\"']?,\s*[\"':](?P<to>[\w.]+)")


@reader(lambda path: bool(_NAMED.search(path)))
def rails(source: Source) -> Iterator[Fact]:
    text = source.text()
    if source.path.endswith(".rb"):
        yield from _schema(source, text)
        return
    try:
        roots = documents(_ERB.sub(lambda m: _erb(m[1]), text))
    except NotYaml as error:
        yield Unreadable(source.at(error.line, ""), f"not YAML: {error}")
        return
    for root in roots:
        for environment, tree in root.map().items():
            if environment in ("default",) or not tree.is_map:
                continue
            several = [below for below in tree.map().values() if below.is_map and below.get("adapter").text]
            for each in several or [tree]:
                yield from _one(source, places.word(environment), each)


def _one(source: Source, environment: str, tree: Tree) -> Iterator[Fact]:
    url, database, adapter = tree.get("url"), tree.get("database"), tree.get("adapter").text
    if url.text:
        yield Connection(source.folder, source.at(url.line, f"url: {url.text}"), url.text, environment=environment)
    if of_word(adapter) == "postgresql" and database.text:
        yield Connection(
            source.folder, source.at(database.line, f"database: {database.text}"), "", database.text,
            tree.get("host").text, tree.get("username").text, environment=environment,
        )  # fmt: skip


def _erb(code: str) -> str:
    match = _ENV.search(code)
    if match is None:
        return ""
    name = match[1] or match[4]
    default = match[2] or match[3] or match[5] or ""
    return f"${{{name}:-{default}}}" if default else f"${{{name}}}"


def _schema(source: Source, text: str) -> Iterator[Fact]:
    name, line, columns = "", 0, list[tuple[str, str]]()
    for number, row in enumerate(text.split("\n"), 1):
        if match := _TABLE.match(row):
            name, line, columns = match["name"], number, []
        elif name and (match := _COLUMN.match(row)):
            columns.append((match["name"], match["type"]))
        elif name and row.strip() == "end":
            schema, _, table = name.rpartition(".")
            yield TableMade(schema, table, source.at(line, f"create_table {name}"), tuple(columns))
            name = ""
        elif match := _KEY.match(row):
            yield TableNamed("foreign key", "", match["from"], "", match["to"], source.at(number, row))
