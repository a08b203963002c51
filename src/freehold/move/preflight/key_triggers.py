"""What enforces a foreign key, or a deferrable key, is disabled or fires otherwise than it was made to.

`DISABLE TRIGGER ALL` takes these triggers along. Rows may break the key since then, and it could not be made at the new
home; one that is ENABLE REPLICA or ENABLE ALWAYS would act on every row that arrives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check
from freehold.sqltext import ident, raw, sql

_MODES: Mapping[str, str] = {"D": "disabled", "A": "enabled ALWAYS", "R": "enabled REPLICA"}


@check()
def key_triggers(facts: Facts) -> Iterator[Note]:
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for constraint, table, trigger, mode in facts.source.key_triggers:
        found.setdefault((constraint, mode), []).append((table, trigger))
    for (constraint, mode), triggers in sorted(found.items()):
        yield Note(
            f"constraint {constraint}",
            f"its triggers are {_MODES.get(mode, mode)}",
            "; ".join(sql("ALTER TABLE {} ENABLE TRIGGER {}", raw(one), ident(name)).shown() for one, name in triggers),
            "Rows may break it by now. Where it is not wanted, drop it.",
        )
