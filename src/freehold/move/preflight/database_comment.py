"""The old home's database has a comment.

It is of the database and not of the service, so it stays there.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database
from freehold.sqltext import ident, literal, sql


@check(Level.INFO)
def database_comment(facts: Facts) -> Iterator[Note]:
    said = facts.source.comment
    if said and said != facts.target.comment:
        yield Note(
            database(facts.source),
            "its comment does not go along",
            sql("COMMENT ON DATABASE {} IS {}", ident(facts.move.target.database), literal(said)).shown(),
        )
