"""Connection strings of every form taken apart. Variables inside (``${NAME}``) stay where they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

POSTGRESQL = "postgresql"
_SCHEME = re.compile(
    r"(?:(?:jdbc|r2dbc)(?::(?:pool|otel|p6spy|tc|log4jdbc|aws-wrapper))*:)?"
    r"(?P<scheme>[a-z][a-z0-9]*)(?:\+[a-z0-9_]+)?:(?:[\w.-]+:)?//(?P<rest>\S*)$",
    re.IGNORECASE,
)
_NAMES = {"postgres", "postgresql", "pgsql", "ecto", "postgis", "psql", "pg", "timescaledb", "timescale", "asyncpg"}
_OTHERS = {"mysql", "mariadb", "mongodb", "sqlite", "sqlite3", "sqlserver", "mssql", "oracle", "redis", "h2",
           "cockroachdb",
           "clickhouse", "mysql2", "file", "rediss", "amqp", "hsqldb", "derby", "db2", "cassandra", "neo4j",
           "bolt"}  # fmt: skip
_VARIABLE = re.compile(
    r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\$\([A-Za-z_]\w*\)|\{\{[^{}]*\}\}|%\([^()]*\)s|"
    # two hexadecimal digits are a character of a URL
    r"%(?![0-9A-Fa-f]{2}%)[A-Za-z_]\w*%(?![0-9A-Fa-f]{2})"
)
_WORD = re.compile(r"\s*(?P<key>[\w][\w .]*?)\s*=\s*(?P<value>'(?:[^'\\]|\\.)*'|\"[^\"]*\"|[^;]*?)\s*(?:;|$)")
_LIBPQ = re.compile(
    r"(?<![\w])(?P<key>host|hostaddr|port|dbname|user|password|options|application_name)\s*=\s*(?P<value>'(?:[^'\\]|\\.)*'|\S+)"
)
_CHARS_MAX = 4000


@dataclass(frozen=True, slots=True)
class Target:
    """Where a connection string leads. ``engine`` is empty where the form does not tell it."""

    engine: str
    database: str = ""
    host: str = ""
    login: str = ""
    password: str = ""
    schemas: tuple[str, ...] = ()
    port: str = ""
    application: str = ""
    """The name under which the program shows itself to the server."""
    direct: bool = False
    """Whether the place calls it the way past a pool."""


def parse(text: str) -> Target | None:
    """The target of a connection string, or None for a text that is none."""
    text = text.strip().strip("\"'").strip()
    if len(text) < 8 or len(text) > _CHARS_MAX:
        return None
    if "://" in text:
        return _url(text)
    if "=" not in text:
        return None
    return _ado(text) or _libpq(text)


def _url(text: str) -> Target | None:
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        # slashes, colons and at-signs inside a variable are not those of the URL
        held.append(match[0])
        return f"\x00{len(held) - 1}\x01"

    match = _SCHEME.match(_VARIABLE.sub(hold, text))
    if match is None:
        return None
    scheme = match["scheme"].lower()
    if scheme not in _NAMES:
        return Target(_OTHER_NAMES.get(scheme, scheme)) if scheme in _OTHERS else None
    rest = match["rest"]
    rest, _, query = rest.partition("?")
    rest = rest.partition("#")[0]
    place, slash, path = rest.partition("/")
    if "@" in path and "@" not in place:  # a password with a slash in it
        whole, _, host_part = rest.rpartition("@")
        place, slash, path = f"{whole}@{host_part.partition('/')[0]}", "/", host_part.partition("/")[2]
    credentials, at, hosts = place.rpartition("@")
    login, _, password = credentials.partition(":") if at else ("", "", "")
    options: dict[str, str] = {}
    for pair in re.split("[&;]", query):
        key, _, value = pair.partition("=")
        options[key.lower()] = unquote(value)
    first = hosts.split(",")[0]
    port = re.search(r":([\d\x00\x01]*)$", first)
    host = first[: port.start()] if port else first
    schemas = options.get("currentschema") or options.get("schema") or search_path(options.get("options", "")) or ""

    def back(part: str) -> str:
        return re.sub(r"\x00(\d+)\x01", lambda m: held[int(m[1])], part)

    return Target(
        POSTGRESQL,
        back(unquote(path.split("/")[0] if slash else "") or options.get("dbname", "")),
        back(host or options.get("host", "")),
        back(unquote(login) or options.get("user", "")),
        back(password or options.get("password", "")),
        path_of(back(schemas)),
        back(port[1]) if port and port[1] else options.get("port", ""),
        back(options.get("application_name") or options.get("applicationname", "")),
    )


_OTHER_NAMES = {"mysql2": "mysql", "sqlite3": "sqlite", "mssql": "sqlserver"}


def search_path(options: str) -> str:
    """Of libpq's options: a space in a value stands behind a backslash."""
    match = re.search(r"search_path\s*=\s*((?:\\.|[^\s\\])+)", options)
    return re.sub(r"\\(.)", r"\1", match[1]) if match else ""


def path_of(text: str) -> tuple[str, ...]:
    """The schemas of a search_path that somebody made; quoted names may hold commas."""
    names = (m[1].replace('""', '"') if m[1] else m[2] for m in re.finditer(r'"((?:[^"]|"")+)"|([^\s,"]+)', text))
    return tuple(name for name in names if name not in NOBODYS and not name.startswith("pg_"))


NOBODYS = frozenset({"public", "$user", "extensions"})
"""Schemas that are no service's own."""


_ADO_KEYS = {
    "host": "host", "server": "host", "data source": "host", "datasource": "host", "address": "host", "addr": "host",
    "database": "database", "initial catalog": "database", "db": "database",
    "username": "login", "user id": "login", "userid": "login", "uid": "login", "user": "login", "user name": "login",
    "password": "password", "pwd": "password", "port": "port", "search path": "schema", "searchpath": "schema",
    "application name": "application", "applicationname": "application",
}  # fmt: skip


def _ado(text: str) -> Target | None:
    """``Host=db;Database=orders;Username=...``; SQL Server and MySQL write almost the same."""
    if ";" not in text:
        return None
    found: dict[str, str] = {}
    words: set[str] = set()
    for match in _WORD.finditer(text):
        key = match["key"].strip().lower()
        words.add(key)
        if key in _ADO_KEYS:
            found[_ADO_KEYS[key]] = match["value"].strip().strip("\"'")
    if "host" not in found or not ({"database", "login"} & set(found)):
        return None
    if "data source" in words and found["host"].endswith((".db", ".sqlite", ".sqlite3")):
        return Target("sqlite")
    foreign = words & {"trustservercertificate", "trusted_connection", "integrated security",
                       "multipleactiveresultsets",
                       "initial catalog", "encrypt", "persist security info"}  # fmt: skip
    ours = "host" in words or found.get("port", "").startswith("543") or bool(words & {"search path", "searchpath"})
    if "username" in words and not foreign:
        ours = True
    engine = POSTGRESQL if ours else "sqlserver" if foreign or ",14" in found["host"] else ""
    if found.get("port") == "3306" or words & {"allowuservariables", "sslmode=none", "allowpublickeyretrieval"}:
        engine = "mysql"
    host = re.sub(r"^tcp:|[:,]\d+$", "", found["host"])
    return Target(engine, found.get("database", ""), host, found.get("login", ""), found.get("password", ""),
                  path_of(found.get("schema", "")), found.get("port", ""), found.get("application", ""))  # fmt: skip


def _libpq(text: str) -> Target | None:
    """``host=db user=orders dbname=orders``."""
    found = {match["key"]: match["value"].strip("'") for match in _LIBPQ.finditer(text)}
    if "dbname" not in found and not ({"host", "user"} <= set(found)):
        return None
    schemas = search_path(found.get("options", ""))
    return Target(
        POSTGRESQL, found.get("dbname", ""), found.get("host", ""), found.get("user", ""), found.get("password", ""),
        path_of(schemas), found.get("port", ""), found.get("application_name", ""),
    )  # fmt: skip
