"""A trigger fires for rows that a stream brings.

A trigger that is ENABLE REPLICA or ENABLE ALWAYS would act a second time on every row that arrives. An ordinary
trigger does not.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.names import DENY
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident, sql

_MODES = {"A": "ALWAYS", "R": "REPLICA"}


@check()
def trigger_modes(facts: Facts) -> Iterator[Note]:
    for table in facts.inventory.tables:
        for name, mode in table.triggers:
            if mode in _MODES and name != DENY:
                shown = ident(table.name.schema, table.name.table)
                yield Note(
                    f"trigger {ident(name)} on {shown}",
                    f"it is enabled {_MODES[mode]}: it would act again on every row that arrives",
                    sql("ALTER TABLE {} ENABLE TRIGGER {}", shown, ident(name)).shown(),
                )
