"""Alembic: ``sqlalchemy.url`` of alembic.ini, and the tables that the files under ``versions`` create."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from freehold.discover.facts import Connection, Fact, Migrated, Unreadable
from freehold.discover.made import SchemaMade, TableMade, TableNamed
from freehold.discover.model import Evidence
from freehold.discover.pytree import Module
from freehold.discover.readers._kind import Source, reader
from freehold.discover.scripts import script_facts

_NAMED = re.compile(r"(^|/)alembic\.ini$|(^|/)versions/[^/]+\.py$")
_PLACEHOLDER = "driver://user:pass@localhost/dbname"


@reader(lambda path: bool(_NAMED.search(path)))
def alembic(source: Source) -> Iterator[Fact]:
    text = source.text()
    if source.path.endswith(".ini"):
        for number, line in enumerate(text.split("\n"), 1):
            match = re.match(r"\s*sqlalchemy\.url\s*=\s*(\S+)", line)
            if match is not None and match[1] != _PLACEHOLDER:
                yield Connection(source.folder, source.at(number, line), re.sub(r"%\((\w+)\)s", r"${\1}", match[1]))
            elif match := re.match(r"\s*script_location\s*=\s*(\S+)", line):
                yield Migrated(source.folder, "alembic", source.at(number, line))
        return
    if "alembic" not in text:
        return
    try:
        module = Module(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        yield Unreadable(source.at(getattr(error, "lineno", 1) or 1, ""), "not Python 3 as this reader knows it")
        return
    for function in module.tree.body:
        if isinstance(function, ast.FunctionDef) and function.name == "upgrade":
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield from _operation(source, module, node.func.attr, node)


def _operation(source: Source, module: Module, name: str, node: ast.Call) -> Iterator[Fact]:
    given = module.keywords(node)
    first = module.text(node.args[0]) if node.args else ""
    at = source.at(node.lineno, f"{name} {first}")
    schema = given.get("schema", "")
    if name == "create_table" and first:
        columns = []
        for column in node.args[1:]:
            if isinstance(column, ast.Call):
                called = column.func.attr if isinstance(column.func, ast.Attribute) else ""
                if called == "Column" and column.args:
                    kind = column.args[1] if len(column.args) > 1 else None
                    columns.append((module.text(column.args[0]), _kind(kind)))
                for key in ast.walk(column):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str) and called.startswith("ForeignKey"):
                        to_schema, _, to_table = key.value.rpartition(".")[0].rpartition(".")
                        if to_table:
                            yield TableNamed("foreign key", schema, first, to_schema, to_table, at)
        yield TableMade(schema, first, at, tuple(columns))
    elif name in ("add_column", "alter_column", "drop_column", "drop_table", "create_index") and first:
        table = module.text(node.args[1]) if name == "create_index" and len(node.args) > 1 else first
        how = "index" if name == "create_index" else "change"
        yield TableNamed(how, schema, table, schema, table, at)
    elif name == "create_foreign_key" and len(node.args) >= 3:
        here, there = module.text(node.args[1]), module.text(node.args[2])
        yield TableNamed(
            "foreign key", given.get("source_schema", ""), here, given.get("referent_schema", ""), there, at
        )
    elif name == "execute" and first:

        def inside(line: int, text: str, confidence: float) -> Evidence:
            return source.at(node.lineno + line - 1, text, confidence)

        yield from script_facts(first.split("\n"), inside, path=source.path)
    elif name == "CreateSchema" and first:
        yield SchemaMade(first, at)


def _kind(node: ast.expr | None) -> str:
    if isinstance(node, ast.Call):
        return _kind(node.func)
    return (
        node.attr.lower() if isinstance(node, ast.Attribute) else node.id.lower() if isinstance(node, ast.Name) else ""
    )
