"""The databases have different encodings.

Bytes would be converted on their way, which can fail in the middle and cannot be compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database
from freehold.sqltext import ident, literal, sql


@check()
def encoding(facts: Facts) -> Iterator[Note]:
    if facts.source.encoding != facts.target.encoding:
        name = facts.target.side.database
        again = sql(
            "DROP DATABASE {}; CREATE DATABASE {} TEMPLATE template0 LOCALE 'C' ENCODING {}",
            ident(name),
            ident(name),
            literal(facts.source.encoding),
        )
        yield Note(
            database(facts.target),
            f"its encoding is {facts.target.encoding}, the source has {facts.source.encoding}",
            again.shown(),
            "An empty database is made again in no time.",
        )
