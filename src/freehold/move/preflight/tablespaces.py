"""Something of the service lies in a tablespace that the new home does not have.

Making it there would be refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance
from freehold.sqltext import quote_ident


@check()
def tablespaces(facts: Facts) -> Iterator[Note]:
    for kind, name, space in facts.source.used_tablespaces:
        if space not in facts.target.tablespaces:
            yield Note(
                f"{kind.lower()} {name}",
                f"it lies in tablespace {quote_ident(space)}, which {instance(facts.target)} does not have",
                f"ALTER {kind} {name} SET TABLESPACE pg_default",
            )
