"""A column takes its default from another service: a shared sequence, or a function.

Two databases cannot draw from one sequence. Give the column a sequence of its own that starts above the shared one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check

_COLUMN = re.compile(r'for (?P<table>.*)\.(?P<column>"(?:[^"]|"")+"|[^".]+)', re.DOTALL)


@check()
def crossing_defaults(facts: Facts) -> Iterator[Note]:
    for one in facts.inventory.dependents:
        away = one.uses_schema if one.schema in facts.move.schemas else one.schema
        if one.kind != "default value" or away in facts.moving:
            continue
        match = _COLUMN.fullmatch(one.name)
        yield Note(
            f"default {one.name}",
            f'it uses {one.uses} of service "{facts.services.get(one.uses_schema, one.uses_schema)}"',
            f"ALTER TABLE {match['table']} ALTER COLUMN {match['column']} DROP DEFAULT"
            if match
            else "Drop the default before the move.",
        )
