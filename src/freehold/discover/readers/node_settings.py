"""Settings of JavaScript and TypeScript: Knex, TypeORM, Sequelize, Drizzle, MikroORM, pg, and whole connection strings.

Files with the word ``postgres`` or ``pg`` in them are searched for objects with a ``database`` and a host, dialect or
client, and for connection strings. ``process.env.X || 'y'`` is a variable with a default. Found by form, so likely at
most. A connection that only a comment names does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import places
from freehold.discover.engines import of_word
from freehold.discover.facts import Connection, Fact
from freehold.discover.javascript import Part, expression, objects, uncommented
from freehold.discover.model import GUESS, LIKELY, Evidence
from freehold.discover.readers._kind import Source, reader

_FILES = re.compile(r"\.(ts|js|mjs|cjs|mts|cts)$")
_LEFT_OUT = re.compile(r"\.(spec|test|e2e-spec|min|d|stories)\.(ts|js|mjs|cjs)$|\.bundle\.js$")
_WORTH = re.compile(r"postgres|['\"]pg['\"]|DATABASE_URL|pg-promise", re.IGNORECASE)
_URL = re.compile(r"(?<=['\"`])postgres(?:ql)?://[^'\"`\n]*", re.IGNORECASE)
_CHARS_MAX = 400_000


@reader(lambda path: bool(_FILES.search(path)) and not _LEFT_OUT.search(path))
def node_settings(source: Source) -> Iterator[Fact]:
    text = source.text()
    if len(text) > _CHARS_MAX or not _WORTH.search(text):
        return
    text = uncommented(text)
    environment = places.environment(source.path)
    named = bool(
        re.search(
            r"(knexfile|ormconfig|data-?source|drizzle\.config|mikro-orm|database|sequelize|config|db)\b", source.name
        )
    )
    taken: list[range] = []
    for begin, keys in objects(text):
        found = _object(source, text, begin, keys, environment)
        if found is not None and not any(begin in span for span in taken):
            taken.append(range(begin, begin + 1))
            yield found
    for match in _URL.finditer(text):
        value = expression(text, match.start() - 1)
        value = value if value.startswith(("postgres", "${")) else match[0]
        confidence = LIKELY if named else GUESS
        yield Connection(source.folder, _at(source, text, match.start(), confidence), value, environment=environment)
    yield from _variables(source, text, environment)


def _variables(source: Source, text: str, environment: str) -> Iterator[Fact]:
    """``new Pool({ connectionString: process.env.DATABASE_URL })`` and the like: the variable alone."""
    for match in re.finditer(
        r"\b(?:connectionString|url|connection|dbCredentials|clientUrl)\s*:\s*|\b(?:postgres|drizzle|Sequelize|pgp|neon)\(\s*",
        text,
    ):
        value = expression(text, match.end())
        if value.startswith("${") and re.search(r"DATABASE|POSTGRES|(^|_)(DB|PG)_", value):
            yield Connection(source.folder, _at(source, text, match.start(), LIKELY), value, environment=environment)


def _object(source: Source, text: str, begin: int, keys: dict[str, Part], environment: str) -> Connection | None:
    database = keys.get("database") or keys.get("dbName") or keys.get("dbname")
    if database is None or "://" in database.value or "/" in database.value.partition("${")[0]:
        return None
    engine = next(
        (of_word(keys[k].value) for k in ("dialect", "type", "client", "driver", "provider") if k in keys), ""
    )
    before = text[max(0, begin - 300) : begin]
    outside = re.findall(
        r"\b(?:dialect|type|client|provider)\s*:\s*['\"](\w[\w-]*)['\"]", before + text[begin : begin + 900]
    )
    engine = engine or next((of_word(word) for word in reversed(outside) if of_word(word)), "")
    port = keys.get("port")
    if not engine and (
        (port and "543" in port.value) or re.search(r"new\s+(?:\w+\.)?(?:Pool|Client)\s*\(\s*$", before)
    ):
        engine = "postgresql"
    if engine != "postgresql":
        return None
    host = keys.get("host") or keys.get("hostname")
    user = keys.get("user") or keys.get("username")
    if host is None and user is None and port is None:
        return None
    return Connection(
        source.folder, _at(source, text, database.at, LIKELY), "", database.value, host.value if host else "",
        user.value if user else "", environment=environment,
    )  # fmt: skip


def _at(source: Source, text: str, offset: int, confidence: float) -> Evidence:
    line = text.count("\n", 0, offset) + 1
    return source.at(line, text.split("\n")[line - 1], confidence)
