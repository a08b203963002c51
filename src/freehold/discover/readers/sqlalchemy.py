"""Python with SQLAlchemy, psycopg, asyncpg, SQLModel or Peewee: connections, ``__tablename__`` and their schemas.

The syntax tree is read; nothing is imported. Settings classes of pydantic are followed to their defaults.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.connections import path_of, search_path
from freehold.discover.facts import Connection, Fact, TableMade, TableNamed, Unreadable
from freehold.discover.model import LIKELY
from freehold.discover.pytree import Module
from freehold.discover.readers._kind import Source, reader

_WORTH = re.compile(
    r"create_(async_)?engine|\.connect\(|create_pool|ConnectionPool|PostgresqlDatabase|postgres(ql)?(\+\w+)?://|"
    r"__tablename__|PostgresDsn|MultiHostUrl|URL\.create"
)
_ENGINES = re.compile(
    r"(^|\.)(create_(async_)?engine|connect|create_pool|ConnectionPool|AsyncConnectionPool|PostgresqlDatabase|Database|engine_from_config|SimpleConnectionPool|ThreadedConnectionPool|init_db)$"
)
_BUILT = re.compile(r"(^|\.)(PostgresDsn|MultiHostUrl|URL|Url)\.(build|create)$|(^|\.)URL$")
_LITERAL = re.compile(r"^(\$\{\w+:-)?postgres(ql)?(\+\w+)?://")
_URL = re.compile(r"^(postgres|postgresql|postgis)(\+\w+)?://", re.IGNORECASE)


@reader(lambda path: path.endswith(".py"))
def sqlalchemy(source: Source) -> Iterator[Fact]:
    text = source.text()
    if not _WORTH.search(text):
        return
    try:
        module = Module(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        yield Unreadable(source.at(getattr(error, "lineno", 1) or 1, ""), "not Python 3 as this reader knows it")
        return
    environment = places.environment(source.path)
    seen: set[tuple[str, str, str]] = set()
    for found in _connections(source, module, environment):
        key = (found.url, found.database, found.host)
        if key not in seen:
            seen.add(key)
            yield found
    yield from _tables(source, module)


def _connections(source: Source, module: Module, environment: str) -> Iterator[Connection]:
    direct = {
        id(below)
        for branch in module.nodes
        if isinstance(branch, ast.If) and "direct" in ast.unparse(branch.test)
        for statement in branch.body
        for below in ast.walk(statement)
    }
    for called, node in module.calls():
        if not _BUILT.search(called) and not _ENGINES.search(called):
            continue
        given = module.keywords(node)
        at = source.at(node.lineno, ast.unparse(node)[:200] if node.end_lineno == node.lineno else called)
        if _BUILT.search(called):
            scheme = given.get("scheme") or given.get("drivername") or (module.text(node.args[0]) if node.args else "")
            database = (given.get("path") or given.get("database") or "").lstrip("/")
            if scheme.startswith("postgres") and database:
                query = module.texts(next((k.value for k in node.keywords if k.arg == "query"), None))
                yield Connection(
                    source.folder, at, "", database, given.get("host", ""),
                    given.get("username", given.get("user", "")), path_of(search_path(query.get("options", ""))),
                    environment, port=given.get("port", ""), application=query.get("application_name", ""),
                    direct=id(node) in direct,
                )  # fmt: skip
        elif _ENGINES.search(called):
            url = (
                module.text(node.args[0])
                if node.args
                else given.get("dsn") or given.get("conninfo") or given.get("url", "")
            )
            database = given.get("dbname") or given.get("database") or ""
            ours = "psycopg" in called or "asyncpg" in called or "Postgresql" in called
            if re.match(r"(\$\{\w+:-)?sqlite:", url):
                yield Connection(source.folder, at, url, environment=environment, engine="sqlite")
            elif (
                _URL.match(url)
                or "dbname=" in url
                or (url.startswith("${") and re.search("DATABASE|POSTGRES|DB|SQL", url))
            ):
                yield Connection(source.folder, at, url, environment=environment)
            elif "Postgresql" in called and url and "://" not in url:
                yield Connection(
                    source.folder, at, "", url, given.get("host", ""), given.get("user", ""), environment=environment
                )
            elif ours and (database or given.get("user")) and given.get("host"):
                yield Connection(
                    source.folder, at, "", database, given["host"], given.get("user", ""), environment=environment
                )
    for each in module.nodes:
        value = each.value if isinstance(each, ast.Assign | ast.AnnAssign | ast.keyword | ast.Return) else None
        if value is None or isinstance(value, ast.Name):
            continue
        text = module.text(value)
        if _LITERAL.match(text):
            line = getattr(each, "lineno", 1)
            yield Connection(source.folder, source.at(line, text, LIKELY), text, environment=environment)


def _tables(source: Source, module: Module) -> Iterator[Fact]:
    for node in module.nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        name = schema = ""
        columns: list[tuple[str, str]] = []
        keys: list[tuple[str, int]] = []
        line = node.lineno
        for item in node.body:
            target = (
                item.targets[0]
                if isinstance(item, ast.Assign)
                else item.target
                if isinstance(item, ast.AnnAssign)
                else None
            )
            if not isinstance(target, ast.Name) or not isinstance(item, ast.Assign | ast.AnnAssign):
                continue
            if target.id == "__tablename__":
                name, line = module.text(item.value), item.lineno
            elif target.id == "__table_args__":
                schema = _schema(item.value) or schema
            elif isinstance(item.value, ast.Call) and _last(item.value) in ("Column", "mapped_column", "Field"):
                kind = item.value.args[0] if item.value.args else None
                columns.append((target.id, _type(kind)))
                keys += [(key, item.lineno) for key in _foreign(item.value)]
        if name and "$" not in name:
            yield TableMade(schema, name, source.at(line, f"class {node.name}: {name}"), tuple(columns))
            for key, where in keys:
                to_schema, _, to_table = key.rpartition(".")[0].rpartition(".")
                if to_table:
                    yield TableNamed("foreign key", schema, name, to_schema, to_table, source.at(where, key))


def _schema(value: ast.expr | None) -> str:
    for node in ast.walk(value) if value is not None else ():
        if isinstance(node, ast.Dict):
            for key, item in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "schema" and isinstance(item, ast.Constant):
                    return str(item.value)
    return ""


def _last(call: ast.Call) -> str:
    return (
        call.func.attr
        if isinstance(call.func, ast.Attribute)
        else call.func.id
        if isinstance(call.func, ast.Name)
        else ""
    )


def _type(node: ast.expr | None) -> str:
    if isinstance(node, ast.Call):
        return _last(node).lower()
    return (
        node.attr.lower() if isinstance(node, ast.Attribute) else node.id.lower() if isinstance(node, ast.Name) else ""
    )


def _foreign(call: ast.Call) -> Iterator[str]:
    for node in ast.walk(call):
        if isinstance(node, ast.Call) and _last(node) == "ForeignKey" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value
