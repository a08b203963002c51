"""Several services connect as the superuser of the server.

Why: every one of them reads and drops the data of all others, and in the server's log and statistics nobody can tell
them apart.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://shop:${PASSWORD}@db/shop"}
      billing:
        build: ./billing
        environment: {DATABASE_URL: "postgresql://shop:${PASSWORD}@db/shop"}

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders:${PASSWORD}@db/shop"}
      billing:
        build: ./billing
        environment: {DATABASE_URL: "postgresql://billing:${PASSWORD}@db/shop"}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.model import Discovery


@conflict("warning")
def shared_superuser(discovery: Discovery) -> Iterator[Note]:
    for login in discovery.administrators:
        uses = [use for use in discovery.uses if use.login == login and use.environment != "test"]
        services = sorted({use.service for use in uses})
        if len(services) > 1:
            first = {use.service: use.at for use in reversed(uses)}
            yield Note(
                services[0],
                f'role "{login}"',
                f'{len(services)} services connect as the superuser "{login}"',
                f"{', '.join(services)} share it, so none of them is kept from the data of the others.",
                tuple(first[service] for service in services[:8]),
            )
