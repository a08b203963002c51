"""One database is spelled in two ways: they differ by case, hyphen or underscore.

Why: PostgreSQL takes them for two databases. Unquoted names in SQL become lower case, while a connection string is
taken as it is written, so ``CREATE DATABASE Orders`` makes ``orders`` and the service that asks for ``Orders`` fails.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: order_items, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/order-items"}

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: order_items, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/order_items"}
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.model import Discovery, Evidence
from freehold.discover.places import plain


@conflict("error")
def spelling(discovery: Discovery) -> Iterator[Note]:
    seen: dict[str, dict[str, list[Evidence]]] = defaultdict(lambda: defaultdict(list))
    for database in discovery.databases:
        seen[plain(database.name)][database.name] += database.created_by
    for use in discovery.uses:
        if use.environment != "test":
            seen[plain(use.database)][use.database].append(use.at)
    for spelled in seen.values():
        if len(spelled) < 2:
            continue
        names = sorted(spelled)
        users = sorted({use.service for use in discovery.uses if use.database in spelled})
        yield Note(
            users[0] if users else "",
            f'database "{names[0]}"',
            "one database is spelled " + " and ".join(f'"{name}"' for name in names),
            "They are different databases to PostgreSQL; one of the places leads nowhere, or to another's data.",
            tuple(at for name in names for at in sorted(spelled[name])[:2]),
        )
