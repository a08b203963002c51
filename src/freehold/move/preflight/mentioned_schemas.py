"""The text of a function names something on the other side of the service's edge, and it cannot be told what for.

What PostgreSQL's parser can read of a function is judged as a view is. What is put together when the function runs
(EXECUTE), what is written in another language, and a table that is named without its schema cannot be followed to
where it is afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.crossing import undecided
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check


@check()
def mentioned_schemas(facts: Facts) -> Iterator[Note]:
    for routine, why in undecided(facts):
        yield Note(
            f"{routine.kind} {routine.name}",
            why,
            f"DROP ROUTINE {routine.name}",
            "Name the table in plain SQL, with its schema, and declare it under reads:; or drop the function.",
        )
