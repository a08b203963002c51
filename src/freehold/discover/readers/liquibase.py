"""Liquibase: tables and foreign keys of changelogs in XML and YAML, includes, and ``liquibase.properties``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

from freehold.discover import places
from freehold.discover.facts import Connection, Fact, Migrated, Runs, Unreadable
from freehold.discover.made import SchemaMade, TableMade, TableNamed
from freehold.discover.model import LIKELY, Evidence
from freehold.discover.readers._kind import Source, reader
from freehold.discover.yamltree import NotYaml, documents

_NAMED = re.compile(
    r"(^|/)[^/]*(changelog|changeset|db\.change)[^/]*(/.*)?\.(xml|ya?ml)$|(^|/)liquibase\.properties$", re.IGNORECASE
)


_KEY = ("baseTableSchemaName", "baseTableName", "referencedTableSchemaName", "referencedTableName")


@reader(lambda path: bool(_NAMED.search(path)))
def liquibase(source: Source) -> Iterator[Fact]:
    text = source.text()
    if source.path.endswith(".properties"):
        for number, line in enumerate(text.split("\n"), 1):
            if match := re.match(r"\s*url\s*[=:]\s*(\S+)", line):
                yield Connection(source.folder, source.at(number, line), match[1])
    elif "databaseChangeLog" in text:
        yield Migrated(source.folder, "liquibase", source.at(1, source.name))
        yield from _xml(source) if source.path.endswith(".xml") else _yaml(source, text)


def _key(names: list[str], at: Evidence) -> TableNamed:
    return TableNamed("foreign key", names[0], names[1], names[2], names[3], at)


def _xml(source: Source) -> Iterator[Fact]:
    """Expat keeps lines and opens nothing from outside; entities are refused."""
    parser = expat.ParserCreate()
    found: list[Fact] = []
    table: list[tuple[str, str, int, list[tuple[str, str]]]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        line = parser.CurrentLineNumber
        at = source.at(line, f"<{name} {attributes.get('tableName', '')}>")
        if name == "createTable":
            table.append((attributes.get("schemaName", ""), attributes.get("tableName", ""), line, []))
        elif name == "column" and table:
            table[-1][3].append((attributes.get("name", ""), attributes.get("type", "").lower()))
        elif name == "addForeignKeyConstraint":
            found.append(_key([attributes.get(key, "") for key in _KEY], at))
        elif name in ("addColumn", "dropTable", "dropColumn", "createIndex", "renameTable") and attributes.get(
            "tableName"
        ):
            schema, to = attributes.get("schemaName", ""), attributes["tableName"]
            found.append(TableNamed("index" if name == "createIndex" else "change", schema, to, schema, to, at))
        elif name == "include" and attributes.get("file"):
            found.append(
                Runs(places.joined(source.folder, attributes["file"]), source.at(line, attributes["file"], LIKELY))
            )

    def end(name: str) -> None:
        if name.rpartition(":")[2] == "createTable" and table:
            schema, called, line, columns = table.pop()
            found.append(TableMade(schema, called, source.at(line, f"createTable {called}"), tuple(columns)))

    def refuse(*_: object) -> None:
        raise ValueError("entities are not followed")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(b"".join(source.chunks()), True)
    except (expat.ExpatError, ValueError) as error:
        yield Unreadable(source.at(getattr(error, "lineno", 1), ""), f"not XML: {error}")
    yield from found


def _yaml(source: Source, text: str) -> Iterator[Fact]:
    try:
        roots = documents(text)
    except NotYaml as error:
        yield Unreadable(source.at(error.line, ""), f"not YAML: {error}")
        return
    for root in roots:
        for entry in root.get("databaseChangeLog").list():
            for change in entry.get("changeSet", "changes").list():
                for name, body in change.map().items():
                    schema, table = body.get("schemaName").text, body.get("tableName").text
                    at = source.at(body.line, f"{name} {table}")
                    if name == "createTable":
                        columns = [c.get("column") for c in body.get("columns").list()]
                        yield TableMade(
                            schema, table, at, tuple((c.get("name").text, c.get("type").text.lower()) for c in columns)
                        )
                    elif name == "addForeignKeyConstraint":
                        yield _key([body.get(key).text for key in _KEY], at)
                    elif name == "createSchema" and body.get("schemaName").text:
                        yield SchemaMade(schema, at)
