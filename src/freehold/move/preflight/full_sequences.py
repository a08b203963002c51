"""A sequence is near its end, or beyond what its column can hold.

It is no worse after the move than before; it is told because a move is when somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.model import Inventory, Sequence
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident, sql

_FULL = 0.8
_ENDS = {"smallint": 2**15 - 1, "integer": 2**31 - 1}


@check(Level.WARNING)
def full_sequences(facts: Facts) -> Iterator[Note]:
    for one in facts.inventory.sequences:
        last = facts.source.last_values.get(one.name)
        if last is None or one.cycle:
            continue
        end = one.minimum if one.increment < 0 else min(one.maximum, _end_of_column(facts.inventory, one))
        if (last <= _FULL * end) if one.increment < 0 and end < 0 else (one.increment > 0 and last >= _FULL * end):
            shown = ident(one.name.schema, one.name.table)
            widen = sql("ALTER SEQUENCE {} AS bigint NO MAXVALUE", shown).shown()
            if one.owned_by is not None:
                table, column = one.owned_by
                of = (ident(table.schema, table.table), ident(column))
                widen += "; " + sql("ALTER TABLE {} ALTER COLUMN {} TYPE bigint", *of).shown()
            yield Note(f"sequence {shown}", f"its last value is {last}, and {end} is the end", widen)


def _end_of_column(inventory: Inventory, one: Sequence) -> int:
    if one.owned_by is None:
        return one.maximum
    table, column = one.owned_by
    types = [c.type for t in inventory.tables if t.name == table for c in t.columns if c.name == column]
    return _ENDS.get(types[0], one.maximum) if types else one.maximum
