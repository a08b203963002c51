"""A service runs on PostgreSQL, and its code falls back to SQLite.

Why: started without its variable it works, on an empty file of its own: the mistake shows as missing data.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: orders, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/orders"}
    === orders/requirements.txt
    sqlalchemy
    === orders/db.py
    import os
    from sqlalchemy import create_engine
    engine = create_engine(os.getenv("DATABASE_URL", "sqlite:///orders.db"))

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: orders, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/orders"}
    === orders/requirements.txt
    sqlalchemy
    === orders/db.py
    import os
    from sqlalchemy import create_engine
    engine = create_engine(os.environ["DATABASE_URL"])
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Connection
from freehold.discover.model import Discovery


@conflict("warning")
def engine_differs(discovery: Discovery) -> Iterator[Note]:
    for connection in discovery.of(Connection):
        if connection.engine != "sqlite" or connection.environment == "test":
            continue
        for service in discovery.services:
            inside = service.folder and connection.at.file.startswith(f"{service.folder}/")
            uses = [u for u in discovery.uses if u.service == service.name and u.how == "configured"]
            if inside and uses:
                yield Note(
                    service.name,
                    f'service "{service.name}"',
                    f'"{service.name}" uses PostgreSQL where it is deployed and falls back to SQLite',
                    f"{uses[0].at.place} leads it to {uses[0].database}, {connection.at.place} to a file.",
                    (connection.at, uses[0].at),
                )
