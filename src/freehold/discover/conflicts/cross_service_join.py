"""A query of one service joins its tables with those of another.

Why: it works only while both lie in one database, and it reads past the service that owns the data.
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
    SELECT i.id, o.id FROM invoice i JOIN orders o ON o.id = i.order_id;

Good:
    === orders/package.json
    {"name": "orders"}
    === orders/migrations/1.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    === billing/package.json
    {"name": "billing"}
    === billing/migrations/1.sql
    CREATE TABLE invoice (id bigint PRIMARY KEY, order_id bigint);
    SELECT id FROM invoice WHERE order_id IS NOT NULL;
"""

from __future__ import annotations

from freehold.discover.conflicts._kind import crossing

cross_service_join = crossing("cross_service_join", "warning", "joins with", "join")
