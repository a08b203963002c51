"""An extension that the service needs is missing at the new home, or has another version there.

Types, operators and functions of extensions are not moved: the definitions that use them would be refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database
from freehold.sqltext import ident, literal, quote_ident, sql


@check()
def extensions(facts: Facts) -> Iterator[Note]:
    there = facts.target.extensions
    for name in facts.source.used_extensions:
        version, schema = facts.source.extensions[name]
        object = f"extension {quote_ident(name)} in {database(facts.target)}"
        if name not in there and name not in facts.target.available:
            yield Note(
                object,
                "the service needs it and the server does not have it",
                "Install the package that brings it on the machine of that server.",
            )
        elif name not in there and name in facts.coming:
            continue
        elif name not in there:
            make = sql("CREATE EXTENSION {} SCHEMA {}", ident(name), ident(schema))
            yield Note(object, "the service needs it and it is not there", make.shown())
        elif there[name][1] != schema:
            yield Note(
                object,
                f"it is in schema {quote_ident(there[name][1])}, on the source in {quote_ident(schema)}",
                sql("ALTER EXTENSION {} SET SCHEMA {}", ident(name), ident(schema)).shown(),
                "Definitions name the schema of what they use.",
            )
        elif there[name][0] != version:
            newest = facts.target.available.get(name) == version
            yield Note(
                object,
                f"its version is {there[name][0]}, the source has {version}",
                sql("ALTER EXTENSION {} UPDATE TO {}", ident(name), literal(version)).shown()
                if newest
                else f"-- version {version} is not on the machine of that server: install the package that brings it",
                level=Level.WARNING,
            )
