"""An index, policy, trigger or change is made for a table that nothing creates.

Why: the script stops there, and what comes after it never runs. Looked at are scripts whose neighbours create tables,
so tables that an ORM makes by itself are not taken for missing.

Bad:
    === orders/package.json
    {"name": "orders"}
    === orders/init.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    CREATE INDEX trades_by_day ON trades (day);

Good:
    === orders/package.json
    {"name": "orders"}
    === orders/init.sql
    CREATE TABLE orders (id bigint PRIMARY KEY, day date);
    CREATE INDEX orders_by_day ON orders (day);
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.made import TableMade, TableNamed
from freehold.discover.model import Discovery

_HOW = ("index", "policy", "trigger", "change")


@conflict("error")
def missing_table(discovery: Discovery) -> Iterator[Note]:
    made = {fact.table for fact in discovery.of(TableMade)}
    folders = {dirname(fact.at.file) for fact in discovery.of(TableMade)}
    found: dict[tuple[str, str], list[TableNamed]] = {}
    for fact in discovery.of(TableNamed):
        wanted = fact.how in _HOW and fact.at.file.endswith(".sql") and fact.to_table not in made
        if wanted and fact.to_table and not fact.to_table.endswith("_seq") and dirname(fact.at.file) in folders:
            found.setdefault((dirname(fact.at.file), fact.to_table), []).append(fact)
    for (_, table), seen in sorted(found.items()):
        yield Note(
            "",
            f'table "{table}"',
            f'nothing creates the table "{table}" that {seen[0].at.place} needs for its {seen[0].how}',
            "No script, migration or model of the repository creates a table of this name.",
            tuple(fact.at for fact in seen[:5]),
        )
