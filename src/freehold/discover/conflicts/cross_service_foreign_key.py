"""A foreign key leads from a table of one service to a table of another.

Why: the two cannot be moved, restored or emptied apart: a restored copy of one misses rows of the other.
Inside one database it may be wanted; then it is declared (``references:``, ``reads:``) and no finding.

Bad:
    === orders/package.json
    {"name": "orders"}
    === orders/migrations/1.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    === billing/package.json
    {"name": "billing"}
    === billing/migrations/1.sql
    CREATE TABLE invoice (id bigint PRIMARY KEY, order_id bigint);
    ALTER TABLE invoice ADD FOREIGN KEY (order_id) REFERENCES orders (id);

Good:
    === orders/package.json
    {"name": "orders"}
    === orders/migrations/1.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    === billing/package.json
    {"name": "billing"}
    === billing/migrations/1.sql
    CREATE TABLE invoice (id bigint PRIMARY KEY, order_id bigint);
    -- the number of an order is kept, and checked by `freehold check-references`
"""

from __future__ import annotations

from freehold.discover.conflicts._kind import crossing

cross_service_foreign_key = crossing("cross_service_foreign_key", "warning", "has a foreign key into", "foreign key")
