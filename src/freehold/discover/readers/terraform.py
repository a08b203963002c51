"""Terraform: databases, schemas, roles and grants of the postgresql provider, and managed servers of the clouds.

Blocks are read by their form; ``var.x`` is followed to its default and ``postgresql_database.x.name`` to the resource,
in the same file. An ``output`` whose value has a ``service`` and a ``database`` says where that service's data is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover.facts import Connection, Fact, Server
from freehold.discover.made import ConnectChanged, DatabaseMade, RoleMade, SchemaMade
from freehold.discover.model import LIKELY
from freehold.discover.readers._kind import Source, reader

_BLOCK = re.compile(
    r"^\s*(?P<kind>resource|variable|module|output)\s+\"(?P<type>[^\"]+)\"(?:\s+\"(?P<name>[^\"]+)\")?\s*\{",
    re.MULTILINE,
)
_MARK = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}]')
"""Braces, and strings that may hold some."""
_SET = re.compile(r"^\s*(?P<key>\w+)\s*=\s*(?P<value>.+?)\s*$", re.MULTILINE)
_ESCAPED = re.compile(r'\\(?:(?P<char>["\\nrt])|u(?P<four>[0-9A-Fa-f]{4})|U(?P<eight>[0-9A-Fa-f]{8}))')
_MANAGED = {
    "aws_db_instance": ("db_name", "name"), "aws_rds_cluster": ("database_name",),
    "azurerm_postgresql_database": ("name",), "azurerm_postgresql_flexible_server_database": ("name",),
    "google_sql_database": ("name",), "digitalocean_database_db": ("name",), "scaleway_rdb_database": ("name",),
}  # fmt: skip


@reader(lambda path: path.endswith(".tf"))
def terraform(source: Source) -> Iterator[Fact]:
    text = source.text()
    if not re.search(r"postgres|aws_rds|google_sql|_database", text):
        return
    found = list(_blocks(text))
    defaults = {kind: keys["default"] for _, kind, _, keys in found if "default" in keys}
    names = {f"{kind}.{name}": _value(keys["name"], defaults) for _, kind, name, keys in found if "name" in keys}
    mentions = "postgres" in text.lower()
    for line, kind, name, keys in found:
        values = {key: _named(value, names) or _value(value, defaults) for key, value in keys.items()}
        at = source.at(line, f'resource "{kind}" "{name}"')
        called = values.get("name") or ""
        if kind == "postgresql_database" and called:
            yield DatabaseMade(called, at, owner=values.get("owner", ""))
        elif kind == "postgresql_schema" and called:
            yield SchemaMade(called, at, values.get("database", ""), values.get("owner", ""))
        elif kind == "postgresql_role" and called:
            yield RoleMade(called, at, values.get("superuser") == "true", values.get("login") == "true")
        elif kind == "postgresql_grant" and values.get("object_type") == "database":
            yield ConnectChanged(
                values.get("database", ""), values.get("role", "").lower(), "CONNECT" in keys.get("privileges", ""), at
            )
        elif not name and values.get("service") and values.get("database"):
            schemas = tuple(
                path
                for each in keys.get("schemas", "").strip("[]").split(",")
                if (path := _named(each.strip(), names) or _value(each.strip(), defaults))
            )
            yield Connection(
                source.folder, source.at(line, f'output "{kind}"'), "", values["database"],
                login=values.get("username", ""), schemas=schemas, how="configured", owner=values["service"],
            )  # fmt: skip
        elif kind in _MANAGED and (mentions or "postgres" in values.get("engine", "")):
            database = next((values[key] for key in _MANAGED[kind] if values.get(key)), "")
            if "mysql" in values.get("engine", "") or "mysql" in values.get("database_version", "").lower():
                continue
            yield Server(name, "terraform:", at)
            if database:
                yield DatabaseMade(database, source.at(line, f'{kind} "{database}"', LIKELY), f"terraform:{name}")


def _blocks(text: str) -> Iterator[tuple[int, str, str, dict[str, str]]]:
    for match in _BLOCK.finditer(text):
        depth, end = 1, match.end()
        for mark in _MARK.finditer(text, match.end()):
            depth += {"{": 1, "}": -1}.get(mark[0], 0)
            end = mark.end()
            if not depth:
                break
        keys: dict[str, str] = {}
        for each in _SET.finditer(text[match.end() : end - 1]):
            keys.setdefault(each["key"], each["value"])
        yield text.count("\n", 0, match.start("kind")) + 1, match["type"], match["name"] or "", keys


def _named(text: str, names: dict[str, str]) -> str:
    """The name of the resource that an expression points to."""
    match = re.fullmatch(r"(postgresql_\w+\.\w+)\.name", text)
    return names.get(match[1], "") if match else ""


def _value(text: str, defaults: dict[str, str]) -> str:
    variable = re.fullmatch(r"var\.(\w+)|\"\$\{var\.(\w+)\}\"", text)
    if variable is not None:
        text = defaults.get(variable[1] or variable[2], "")
    if not text.startswith('"'):
        return text if text in ("true", "false") else ""
    inside = re.match(r'"((?:[^"\\]|\\.)*)"', text)
    name = _ESCAPED.sub(_plain, inside[1]) if inside else ""
    return "" if re.search(r"(?<!\$)\$\{", name) else name.replace("$${", "${").replace("%%{", "%{")


def _plain(match: re.Match[str]) -> str:
    code = match["four"] or match["eight"]
    return chr(int(code, 16)) if code else {"n": "\n", "r": "\r", "t": "\t"}.get(match["char"], match["char"])
