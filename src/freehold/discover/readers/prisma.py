"""Prisma: the datasource and models of ``*.prisma``, and the URL that Prisma 7 keeps in ``prisma.config.ts``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.engines import of_word
from freehold.discover.facts import Connection, Fact
from freehold.discover.javascript import expression
from freehold.discover.made import SchemaMade, TableMade
from freehold.discover.model import LIKELY
from freehold.discover.readers._kind import Source, reader

_NAMED = re.compile(r"\.prisma$|(^|/)prisma\.config\.(ts|js|mjs|mts|cjs)$")
_BLOCK = re.compile(r"^\s*(?P<kind>datasource|model|view|enum|generator|type)\s+(?P<name>\w+)\s*\{", re.MULTILINE)
_ENV = re.compile(r"env\(\s*[\"'](\w+)[\"']\s*\)")
_FIELD = re.compile(r"^\s*(?P<name>\w+)\s+(?P<type>\w+)(?P<many>\[\])?")


@reader(lambda path: bool(_NAMED.search(path)))
def prisma(source: Source) -> Iterator[Fact]:
    text = source.text()
    if not source.path.endswith(".prisma"):
        yield from _config(source, text)
        return
    models = {m["name"] for m in _BLOCK.finditer(text) if m["kind"] in ("model", "view")}
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("kind")) + 1
        end = text.find("\n}", match.end())
        body = text[match.end() : end if end >= 0 else len(text)]
        body = "\n".join(part.partition("//")[0] for part in body.split("\n"))
        if match["kind"] == "datasource":
            yield from _datasource(source, body, line)
        elif match["kind"] in ("model", "view"):
            yield _model(source, match["name"], body, line, models)


def _datasource(source: Source, body: str, line: int) -> Iterator[Fact]:
    provider = re.search(r"provider\s*=\s*\[?\s*\"(\w+)\"", body)
    engine = of_word(provider[1]) if provider else ""
    if engine != "postgresql":
        return
    schemas = re.search(r"schemas\s*=\s*\[([^\]]*)\]", body)
    names = tuple(re.findall(r"\"([^\"]+)\"", schemas[1])) if schemas else ()
    for offset, part in enumerate(body.split("\n")):
        url = re.match(r"\s*url\s*=\s*(.+)$", part)
        if url is not None:
            given = _ENV.search(url[1])
            value = f"${{{given[1]}}}" if given else url[1].strip().strip('"')
            yield Connection(source.folder, source.at(line + offset, part), value, schemas=names)
    for name in names:
        yield SchemaMade(name, source.at(line, f"schemas = [{', '.join(names)}]"))


def _model(source: Source, name: str, body: str, line: int, models: set[str]) -> Fact:
    mapped = re.search(r"@@map\(\s*(?:name:\s*)?\"([^\"]+)\"", body)
    schema = re.search(r"@@schema\(\s*\"([^\"]+)\"", body)
    columns = []
    for part in body.split("\n"):
        field = _FIELD.match(part)
        if field is not None and field["type"] not in models and not field["many"]:
            called = re.search(r"@map\(\s*\"([^\"]+)\"", part)
            columns.append((called[1] if called else field["name"], field["type"].lower()))
    return TableMade(
        schema[1] if schema else "", mapped[1] if mapped else name, source.at(line, f"model {name}"), tuple(columns)
    )


def _config(source: Source, text: str) -> Iterator[Fact]:
    for match in re.finditer(r"\b(?:url|shadowDatabaseUrl)\s*:\s*", text):
        if match[0].startswith("shadow"):
            continue
        given = _ENV.match(text, match.end())
        value = f"${{{given[1]}}}" if given else expression(text, match.end())
        if value:
            line = text.count("\n", 0, match.start()) + 1
            yield Connection(source.folder, source.at(line, text.split("\n")[line - 1], LIKELY), value)
