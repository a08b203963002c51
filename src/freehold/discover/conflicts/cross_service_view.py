"""A view of one service reads a table of another.

Why: the table cannot change its form, or leave for another database, without breaking a service that nobody asks.
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
    CREATE VIEW open_invoices AS SELECT i.id, o.id AS order_id FROM invoice i JOIN orders o ON o.id = i.order_id;

Good:
    === orders/package.json
    {"name": "orders"}
    === orders/migrations/1.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    === billing/package.json
    {"name": "billing"}
    === billing/migrations/1.sql
    CREATE TABLE invoice (id bigint PRIMARY KEY, order_id bigint);
    CREATE VIEW open_invoices AS SELECT id FROM invoice;
"""

from __future__ import annotations

from freehold.discover.conflicts._kind import crossing

cross_service_view = crossing("cross_service_view", "warning", "has a view on", "view")
