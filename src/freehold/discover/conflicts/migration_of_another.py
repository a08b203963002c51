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

from freehold.discover.conflicts._kind import crossing

migration_of_another = crossing("migration_of_another", "error", "changes", "change", "index", "policy", "trigger")
