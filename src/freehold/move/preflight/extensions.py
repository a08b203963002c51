"""An extension of the old home is missing at the new one, or has another version there.

Types, operators and functions of extensions are not moved: definitions that use them would be refused, and SQL that a
client sends, or that stands in the text of a function, would fail after the cutover. What SQL a client sends is not
known, so every extension counts that the service's roles may reach. One that only other services declare is a warning,
unless the text of a function names something of it. What the service does not need can be accepted under `ignore:` with
the key of the finding, unless a definition depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.crossing import scalar
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance
from freehold.sqltext import ident, literal, quote_ident, sql

_OF_LINKS = "postgres_fdw"
"""Made where a service reads another's tables; what else it is for are foreign tables, which do not move."""


@check()
def extensions(facts: Facts) -> Iterator[Note]:
    for name in sorted(facts.source.extensions):
        used, named = name in facts.source.used_extensions, name in facts.source.named_extensions
        linked = name == _OF_LINKS and any(facts.reads.values())
        if used or named or (name in facts.source.usable_extensions and not linked):
            yield from _judged(facts, name, used, named)


def _judged(facts: Facts, name: str, used: bool, named: bool) -> Iterator[Note]:
    """What is to be said of one extension; ``used`` is what a definition depends on, ``named`` what a text names."""
    there = facts.target.extensions
    version, schema = facts.source.extensions[name]
    object = f"extension {quote_ident(name)}"
    where = f"database {quote_ident(facts.move.target.database)} on {instance(facts.target)}"
    least = Level.ERROR if used or named or not facts.neighbours.get(name) else Level.WARNING
    accepted = not used and f"extensions:{facts.move.service}:{object}" in facts.accepted
    level = Level.INFO if accepted else least
    if name not in there and name not in facts.target.available:
        package = "Install the package that brings it on the machine of that server."
        yield Note(object, f"{_why(facts, name, used, named)}; the server of {where} does not have it", package,
            _waiver(facts, object, used), level)  # fmt: skip
    elif name not in there and name in facts.coming:
        return
    elif name not in there:
        make = sql("CREATE SCHEMA IF NOT EXISTS {}; CREATE EXTENSION {} SCHEMA {}", *map(ident, (schema, name, schema)))
        yield Note(
            object,
            f"{_why(facts, name, used, named)}; it is not in {where}",
            make.shown() if facts.target_there and least is Level.ERROR else _lines(facts, name),
            _waiver(facts, object, used),
            level,
        )
    elif there[name][1] != schema:
        yield Note(
            object,
            f"it is in schema {quote_ident(there[name][1])} of {where}, on the source in {quote_ident(schema)}",
            sql("ALTER EXTENSION {} SET SCHEMA {}", ident(name), ident(schema)).shown(),
            "Definitions name the schema of what they use." if used else "SQL that names the schema would fail.",
            Level.ERROR if used else Level.INFO if accepted else Level.WARNING,
        )
    elif there[name][0] != version and (used or named or not _as_its_server_has_it(facts, name)):
        newest = facts.target.available.get(name) == version
        yield Note(
            object,
            f"its version is {there[name][0]} in {where}, the source has {version}",
            sql("ALTER EXTENSION {} UPDATE TO {}", ident(name), literal(version)).shown()
            if newest
            else f"-- version {version} is not on the machine of that server: install the package that brings it",
            level=Level.WARNING if used or named else Level.INFO,
        )


def _as_its_server_has_it(facts: Facts, name: str) -> bool:
    """Whether only the servers' versions differ, each of which brings its own version of the extension."""
    newest = facts.target.extensions[name][0] == facts.target.available.get(name)
    return newest and facts.source.version // 10000 != facts.target.version // 10000


def _why(facts: Facts, name: str, used: bool, named: bool) -> str:
    if used:
        return "the service needs it"
    if named:
        return "the text of a function names something of it"
    if others := facts.neighbours.get(name):
        return f"{', '.join(others)} declares it, and SQL of this service may use it"
    return "SQL of the service may use it"


def _waiver(facts: Facts, object: str, used: bool) -> str:
    key = f"extensions:{facts.move.service}:{object}"
    return "" if used else f"If the service does not need it: ignore: [{{key: {json.dumps(key)}, reason: ...}}]."


def _lines(facts: Facts, name: str) -> str:
    """The lines that declare it."""
    return f"services:\n  {scalar(facts.move.service)}:\n    extensions:\n      - {scalar(name)}"
