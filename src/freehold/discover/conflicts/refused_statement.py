"""A script says ``CREATE DATABASE IF NOT EXISTS``, which MySQL knows and PostgreSQL does not.

Why: the server answers with a syntax error, the script stops there, and none of the databases exists.

Bad:
    === init.sql
    CREATE DATABASE IF NOT EXISTS orders;

Good:
    === init.sql
    SELECT 'CREATE DATABASE orders' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'orders')\\gexec
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.made import Refused
from freehold.discover.model import Discovery


@conflict("error")
def refused_statement(discovery: Discovery) -> Iterator[Note]:
    by_file: dict[str, list[Refused]] = {}
    for fact in discovery.of(Refused):
        by_file.setdefault(fact.script or fact.at.file, []).append(fact)
    for file, seen in sorted(by_file.items()):
        yield Note(
            "",
            f'file "{file}"',
            f'"{file}" creates no database: PostgreSQL has no CREATE DATABASE IF NOT EXISTS',
            f"The first such statement ends the script; {', '.join(fact.database for fact in seen[:10])} are not made.",
            tuple(fact.at for fact in seen[:6]),
        )
