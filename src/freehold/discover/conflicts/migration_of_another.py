"""A migration of one service changes a table of another.

Why: the owner of the table does not know. Its own next migration meets a column or an index that it never made, and
under separate databases the change runs nowhere.

Bad:
    === orders/package.json
    {"name": "orders"}
    === orders/migrations/1.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    === billing/package.json
    {"name": "billing"}
    === billing/migrations/1.sql
    CREATE TABLE invoice (id bigint PRIMARY KEY);
    ALTER TABLE orders ADD COLUMN invoiced boolean;

Good:
    === orders/package.json
    {"name": "orders"}
    === orders/migrations/1.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    ALTER TABLE orders ADD COLUMN invoiced boolean;
    === billing/package.json
    {"name": "billing"}
    === billing/migrations/1.sql
    CREATE TABLE invoice (id bigint PRIMARY KEY);
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict, crossings
from freehold.discover.model import Discovery


@conflict("error")
def migration_of_another(discovery: Discovery) -> Iterator[Note]:
    yield from crossings(discovery, ("change", "index", "policy", "trigger"), "changes")
