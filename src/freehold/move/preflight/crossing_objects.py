"""A view, a function, a policy or a trigger needs something on both sides of the service's edge.

It could not exist in two databases. Nothing is in the way when the other service moves to the same place in the same
run.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.model import Dependent
from freehold.move.preflight._kind import Note, check


@check()
def crossing_objects(facts: Facts) -> Iterator[Note]:
    for one in facts.inventory.dependents:
        away = one.uses_schema if one.schema in facts.move.schemas else one.schema
        if one.kind != "default value" and away not in facts.moving:
            yield Note(
                f"{one.kind} {one.name}",
                f'it uses {one.uses} of service "{facts.services.get(one.uses_schema, one.uses_schema)}"',
                _drop(one),
                "Declare under reads: what one service reads of another; Freehold then makes a link or a copy for it.",
            )


def _drop(one: Dependent) -> str:
    """The names come from the server, quoted where they need it."""
    return f"DROP {one.kind.upper()} {one.name}"
