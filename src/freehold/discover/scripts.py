"""What a SQL script does, statement by statement, with the database it is connected to at each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from posixpath import dirname

from freehold.discover import places, sqlparse
from freehold.discover.facts import Fact, Runs, Secret
from freehold.discover.made import (
    ConnectChanged,
    DatabaseDropped,
    DatabaseMade,
    Refused,
    RoleMade,
    SchemaMade,
    SettingMade,
    TableMade,
    TableNamed,
)
from freehold.discover.model import CERTAIN, LIKELY, Evidence
from freehold.discover.secrets import real
from freehold.discover.statements import statements

At = Callable[[int, str, float], Evidence]
_CONNECT = re.compile(r"\\c(?:onnect)?\s+(?:-reuse-previous=\w+\s+)?(?:\"((?:[^\"]|\"\")+)\"|'([^']+)'|(\S+))")
_DBNAME = re.compile(r"(?:^|\s)dbname\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))")
_INCLUDE = re.compile(r"\\i(?P<near>r|nclude_relative)?(?:nclude)?\s+(?:'([^']+)'|(\S+))")
_SET = re.compile(r"\\set\s+(\w+)\s+(.+)")
_PASSWORD = re.compile(r"\bPASSWORD\s+'([^']+)'", re.IGNORECASE)
_FOREIGN = re.compile(
    r"`\w+`|\bAUTO_INCREMENT\b|\bENGINE\s*=|\bIDENTITY\s*\(\s*\d|^\s*GO\s*$|\bVARCHAR2\b|\bNVARCHAR\b|\bAUTOINCREMENT\b|"
    r"\bUNIQUEIDENTIFIER\b|^\s*USE\s+\[?\w+\]?\s*;|\bDELIMITER\b|\bPRAGMA\b|\bUNSIGNED\b|\bTINYINT\b|\bMergeTree\b",
    re.IGNORECASE | re.MULTILINE,
)
CONTROL_SCHEMA = "freehold"


def foreign(text: str) -> bool:
    """Whether a script is written for another database than PostgreSQL."""
    return bool(_FOREIGN.search(text))


def script_facts(lines: Iterable[str], at: At, *, path: str, database: str = "", tables: bool = True) -> Iterator[Fact]:
    """The facts of a script; ``path`` is its file, ``database`` the one it starts in (empty: unknown).

    Without ``tables`` only databases, roles and schemas count: the text is a guess at SQL.
    """
    current = database
    values: dict[str, str] = {}
    for statement in statements(lines):
        text = statement.text
        if statement.meta:
            if match := _CONNECT.match(text):
                current = _database(_value((match[1] or match[2] or match[3]).replace('""', '"'), values))
                current = "" if current == "-" else current
            elif match := _INCLUDE.match(text):
                name = match[2] or match[3]
                folder = dirname(path)
                target = places.joined(folder, name) or places.joined(folder, name.rpartition("/")[2])
                yield Runs(target, at(statement.line, text, CERTAIN if match["near"] else LIKELY))
            elif match := _SET.match(text):
                value = match[2].strip()
                # what a command prints is nobody's to know here
                values[match[1]] = f"${{{match[1]}}}" if value.startswith("`") else value.strip("'")
            continue
        if ":" in text:
            text = re.sub(r"(?<![:\w]):(['\"]?)(\w+)\1", lambda m: _put(m, values), text)
        done = sqlparse.effects(text)
        if done is None:
            done = sqlparse.searched(text)
        for effect in done:
            if CONTROL_SCHEMA in (effect.schema, effect.to_schema):
                continue  # Freehold's own journal is nobody's data
            where = at(statement.line, text, CERTAIN if effect.sure else LIKELY)
            yield from _fact(effect, where, current, path, tables)
        if (match := _PASSWORD.search(text)) and real(match[1]):
            yield Secret("password of a role", at(statement.line, _PASSWORD.sub("PASSWORD '***'", text), CERTAIN))


def _put(match: re.Match[str], values: dict[str, str]) -> str:
    if match[2] not in values:
        return match[0]
    value = values[match[2]]
    return f'"{value}"' if match[1] == '"' else f"'{value}'" if match[1] == "'" else value


def _database(text: str) -> str:
    """The database of what follows ``\\connect``: a name, or a connection string."""
    match = _DBNAME.search(text)
    if not match:
        return text
    return re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2]


def _value(text: str, values: dict[str, str]) -> str:
    if "dbname=" in text:
        inside = re.search(r"dbname\s*=\s*(?:'([^']*)'|(\S+))", text)
        return (inside[1] or inside[2]) if inside else ""
    match = re.fullmatch(r":['\"]?(\w+)['\"]?", text)
    return values.get(match[1], "") if match else text.rstrip(";")


def _fact(done: sqlparse.Done, at: Evidence, current: str, path: str, tables: bool) -> Iterator[Fact]:
    match done.what:
        case "database":
            if done.name not in ("template0", "template1"):
                yield DatabaseMade(done.name, at, owner=done.owner, script=path)
        case "refused":
            yield Refused(done.name, at, path)
        case "drop database":
            yield DatabaseDropped(done.name, at)
        case "schema":
            if done.name and done.name not in ("public", "extensions", CONTROL_SCHEMA):
                yield SchemaMade(done.name, at, current, done.owner)
        case "role":
            yield RoleMade(done.name, at, done.flag, bool(done.how))
        case "connect":
            yield ConnectChanged(done.name, done.owner.lower(), done.flag, at)
        case "setting":
            yield SettingMade(done.name, at)
        case "table" if tables:
            yield TableMade(done.schema, done.name, at, done.columns, current)
        case "view" if tables:
            yield TableMade(done.schema, done.name, at, (), current)
        case "needs" if tables:
            yield TableNamed(done.how, done.schema, done.name, done.to_schema, done.to_name, at, current)
        case _:
            return
