"""Settings in JSON, YAML and TOML that spell a connection out: a database beside a host, a user, port 5432.

Counted only where the path of keys or the port speaks of PostgreSQL, so likely at most.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.connections import path_of
from freehold.discover.facts import Connection, Fact
from freehold.discover.model import LIKELY
from freehold.discover.properties import normal
from freehold.discover.readers._kind import Source, reader
from freehold.discover.yamltree import NotYaml, Tree, documents

_NAMED = re.compile(
    r"(^|/)[^/]*(config|settings|database|local|dev|prod|default|env)[^/]*\.(json|ya?ml|toml)$", re.IGNORECASE
)
_LEFT_OUT = re.compile(r"(^|/)(tsconfig|package|docker|compose|values|kustom|openapi|renovate)|/database\.yml$")
_DATABASE = ("dbname", "database", "databasename", "db", "name")
_DATABASE_ONLY = ("dbname", "database", "databasename")
_BESIDE = frozenset({"host", "hostname", "user", "username", "port", "password", "sslmode", "datasource", "dsn", "url"})
"""What stands beside a database that a section called after PostgreSQL names, where its host is not told apart."""
_OURS = re.compile(r"postgres|gorm|pgx|(^|\.)pg(\.|$)|pgsql", re.IGNORECASE)
_FOREIGN = re.compile(r"mysql|mongo|redis|rabbit|mssql|sqlite|clickhouse|kafka|smtp|mail", re.IGNORECASE)


@reader(lambda path: bool(_NAMED.search(path)) and not _LEFT_OUT.search(path))
def config_files(source: Source) -> Iterator[Fact]:
    text = source.text()
    if ("host" not in text.lower() and "postgres" not in text.lower()) or source.size > 200_000 or "apiVersion" in text:
        return
    if source.path.endswith(".toml"):
        yield from _toml(source, text)
        return
    try:
        roots = documents(text)
    except NotYaml:
        return  # templates and comments of JSON are common here; nothing is claimed of them
    for root in roots:
        groups: dict[str, dict[str, Tree]] = {}
        for path, tree in root.walk():
            parent, _, key = path.rpartition(".")
            groups.setdefault(parent, {})[re.sub(r"[_-]", "", key).lower()] = tree
        for parent, keys in groups.items():
            values = {key: normal(tree.text) for key, tree in keys.items()}
            database = next((key for key in _DATABASE if key in values), "")
            found = _connection(source, parent, values, keys[database].line if database else 1)
            if found is not None:
                yield found


def _toml(source: Source, text: str) -> Iterator[Fact]:
    try:
        left: list[tuple[str, object]] = [("", tomllib.loads(text))]
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [(f"{path}.{key}" if path else str(key), below) for key, below in value.items()]
            keys = {re.sub(r"[_-]", "", str(k)).lower(): str(v) for k, v in value.items() if isinstance(v, str | int)}
            name = next((keys[key] for key in _DATABASE if key in keys), "")
            line = next((n for n, row in enumerate(text.split("\n"), 1) if name and name in row), 1)
            found = _connection(source, path, keys, line)
            if found is not None:
                yield found


def _connection(source: Source, path: str, keys: dict[str, str], line: int) -> Connection | None:
    host = keys.get("host") or keys.get("hostname") or keys.get("server") or ""
    database = next((keys[key] for key in _DATABASE if keys.get(key)), "")
    user = keys.get("user") or keys.get("username") or ""
    words = f"{path} {keys.get('driver', '')} {keys.get('dialect', '')} {keys.get('type', '')} {keys.get('client', '')}"
    spoken = _OURS.search(path) and any(key in keys for key in _DATABASE_ONLY) and not keys.keys().isdisjoint(_BESIDE)
    if not database or _FOREIGN.search(words) or not ((host and user) or spoken):
        return None
    if not _OURS.search(words) and "5432" not in keys.get("port", ""):
        return None
    sections = (places.word(part) for part in path.split("."))
    environment = places.environment(source.path) or ("test" if "test" in sections else "")
    return Connection(
        source.folder, source.at(line, f"{path}: {database}", LIKELY), "", database, host, user,
        path_of(keys.get("schema") or keys.get("searchpath") or ""), environment,
    )  # fmt: skip
