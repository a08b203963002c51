"""The service's roles may use a foreign server that the new home does not have.

A foreign server belongs to a database and to no schema, and its user mappings hold passwords: it is not moved. Foreign
tables are refused anyway; what is left is SQL that names the server, as dblink does. Links of Freehold's own are made
where they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, database
from freehold.sqltext import quote_ident


@check(Level.WARNING)
def foreign_servers(facts: Facts) -> Iterator[Note]:
    there = {name for name, _ in facts.target.foreign_servers}
    for name, wrapper in facts.source.foreign_servers:
        if name in there or name in facts.links or name.startswith("freehold_"):
            continue
        yield Note(
            f"foreign server {quote_ident(name)} in {database(facts.source)}",
            f"the service's roles may use it ({wrapper}), and it does not go along",
            f"-- make it at the new home, with its user mappings; or: DROP SERVER {quote_ident(name)} CASCADE",
        )
