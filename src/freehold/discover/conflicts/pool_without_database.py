"""A service goes through a pool whose configuration does not name its database.

Why: PgBouncer answers `no such database`. A pool that names a database which nothing creates fails as late as the first
client.

Bad:
    === pgbouncer/pgbouncer.ini
    [databases]
    orders = host=db port=5432 dbname=orders
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: orders, POSTGRES_PASSWORD: "${PASSWORD}"}
      pgbouncer:
        image: edoburu/pgbouncer
      billing:
        build: ./billing
        environment: {DATABASE_URL: "postgresql://billing@pgbouncer:6432/billing"}

Good:
    === pgbouncer/pgbouncer.ini
    [databases]
    orders = host=db port=5432 dbname=orders
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: orders, POSTGRES_PASSWORD: "${PASSWORD}"}
      pgbouncer:
        image: edoburu/pgbouncer
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@pgbouncer:6432/orders"}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Pooled
from freehold.discover.model import Discovery


@conflict("error")
def pool_without_database(discovery: Discovery) -> Iterator[Note]:
    pooled = discovery.of(Pooled)
    aliases = {each.alias for each in pooled}
    if not pooled or "*" in aliases:
        return
    for use in discovery.uses:
        pool = any(word in use.server.lower() for word in ("pgbouncer", "pool"))
        if pool and (use.alias or use.database) not in aliases:
            yield Note(
                use.service,
                f'database "{use.database}"',
                f'"{use.service}" asks the pool "{use.server}" for "{use.database}", which it does not know',
                f"The pool knows {', '.join(sorted(aliases)) or 'nothing'}.",
                (use.at, pooled[0].at),
            )
