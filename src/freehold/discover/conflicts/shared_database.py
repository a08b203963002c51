"""Several services use one database.

Why: it is worth knowing before anything is changed. It is what a central database looks like; wrong it is only where
something else was meant.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: shop, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/shop"}
      billing:
        build: ./billing
        environment: {DATABASE_URL: "postgresql://billing@db/shop"}

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: orders, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/orders"}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.model import Discovery


@conflict("info")
def shared_database(discovery: Discovery) -> Iterator[Note]:
    for database in discovery.databases:
        if len(database.used_by) > 1:
            first = {use.service: use.at for use in reversed(discovery.uses) if use.database == database.name}
            yield Note(
                database.used_by[0],
                f'database "{database.name}"',
                f'{len(database.used_by)} services use database "{database.name}"',
                f"{', '.join(database.used_by)}.",
                tuple(first[service] for service in database.used_by[:8] if service in first),
            )
