"""Django: ``DATABASES`` of settings files, tables of migrations with their foreign keys, ``db_table``.

The syntax tree is read; nothing is imported. ``env.db()`` and ``dj_database_url`` are variables.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.connections import path_of, search_path
from freehold.discover.engines import of_word
from freehold.discover.facts import Connection, Fact, Migrated, TableMade, TableNamed, Unreadable
from freehold.discover.pytree import Module
from freehold.discover.readers._kind import Source, reader

_MIGRATION = re.compile(r"(^|/)(?P<app>[^/]+)/migrations/\d{4}_[^/]+\.py$")


@reader(lambda path: path.endswith(".py"))
def django(source: Source) -> Iterator[Fact]:
    migration = _MIGRATION.search(source.path)
    text = source.text()
    if "DATABASES" not in text and not (migration and "django" in text):
        return
    try:
        module = Module(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        yield Unreadable(source.at(getattr(error, "lineno", 1) or 1, ""), "not Python 3 as this reader knows it")
        return
    if migration is not None:
        yield Migrated(source.folder, "django", source.at(1, source.name))
        yield from _migration(source, module, migration["app"])
        return
    for node in module.nodes:
        target = (
            node.targets[0]
            if isinstance(node, ast.Assign)
            else node.target
            if isinstance(node, ast.AnnAssign)
            else None
        )
        name = target.id if isinstance(target, ast.Name) else ""
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if name == "DATABASES" and isinstance(value, ast.Dict):
            for key, alias in zip(value.keys, value.values, strict=True):
                yield from _database(source, module, alias, direct="direct" in module.text(key).lower())
        elif value is not None and _is_databases(target):
            yield from _database(source, module, value)


def _database(source: Source, module: Module, value: ast.expr, *, direct: bool = False) -> Iterator[Fact]:
    environment = places.environment(source.path)
    at = source.at(value.lineno, "DATABASES")
    if isinstance(value, ast.Call):
        text = module.text(value)
        called = ast.unparse(value.func)
        default = next((module.text(k.value) for k in value.keywords if k.arg == "default"), "")
        if not text and ("dj_database_url" in called or called.endswith((".db", ".db_url"))):
            text = f"${{DATABASE_URL:-{default}}}" if default else "${DATABASE_URL}"
        if text:
            yield Connection(source.folder, at, text, environment=environment)
        return
    if not isinstance(value, ast.Dict):
        return
    keys = {k.value: v for k, v in zip(value.keys, value.values, strict=True) if isinstance(k, ast.Constant)}
    given = {str(key): module.text(node) for key, node in keys.items()}
    engine = given.get("ENGINE", "")
    if of_word(re.sub(r"^\$\{\w+:-|\}$", "", engine)) == "postgresql" or "postgres" in engine:
        name = keys.get("NAME")
        line = name.lineno if name is not None else value.lineno
        options = module.texts(keys.get("OPTIONS"))
        yield Connection(
            source.folder, source.at(line, f'"NAME": {given.get("NAME", "")}'), "", given.get("NAME", ""),
            given.get("HOST", ""), given.get("USER", ""), path_of(search_path(options.get("options", ""))), environment,
            port=given.get("PORT", ""), application=options.get("application_name", ""), direct=direct,
        )  # fmt: skip


def _migration(source: Source, module: Module, app: str) -> Iterator[Fact]:
    for called, node in module.calls():
        name = called.rpartition(".")[2]
        given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        if name == "CreateModel" and "name" in given:
            model = module.text(given["name"])
            table = _db_table(given.get("options")) or f"{app}_{model.lower()}"
            fields = given.get("fields")
            columns = tuple(_columns(module, fields))
            yield TableMade("", table, source.at(node.lineno, f"CreateModel {model}"), columns)
            for key in ast.walk(fields) if fields is not None else ():
                if isinstance(key, ast.Call) and ast.unparse(key.func).endswith(("ForeignKey", "OneToOneField")):
                    to = next((module.text(k.value) for k in key.keywords if k.arg == "to"), "")
                    other, _, target = to.lower().partition(".")
                    if target and not to.startswith("settings"):
                        yield TableNamed("foreign key", "", table, "", f"{other}_{target}", source.at(key.lineno, to))


def _columns(module: Module, fields: ast.expr | None) -> Iterator[tuple[str, str]]:
    for item in fields.elts if isinstance(fields, ast.List) else ():
        if isinstance(item, ast.Tuple) and len(item.elts) == 2 and isinstance(item.elts[1], ast.Call):
            yield module.text(item.elts[0]), ast.unparse(item.elts[1].func).rpartition(".")[2].lower()


def _db_table(options: ast.expr | None) -> str:
    if isinstance(options, ast.Dict):
        for key, value in zip(options.keys, options.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "db_table" and isinstance(value, ast.Constant):
                return str(value.value)
    return ""


def _is_databases(target: ast.expr | None) -> bool:
    """``DATABASES["default"]``"""
    return isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == "DATABASES"
