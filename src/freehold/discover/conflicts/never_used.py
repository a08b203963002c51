"""A database is created and no service uses it.

Why: somebody pays for it, backs it up and wonders whether it may go. Either its service is not in this repository, or
it was left behind.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init.sql:/docker-entrypoint-initdb.d/init.sql"]
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/orders"}
    === init.sql
    CREATE DATABASE orders;
    CREATE DATABASE legacy_orders;

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init.sql:/docker-entrypoint-initdb.d/init.sql"]
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/orders"}
    === init.sql
    CREATE DATABASE orders;
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Pooled
from freehold.discover.model import Discovery
from freehold.discover.places import plain

_MAINTENANCE = {"postgres", "root", "admin", "template1", "app"}
"""What images and operators create unasked."""


@conflict("warning")
def never_used(discovery: Discovery) -> Iterator[Note]:
    if not discovery.uses:
        return
    pooled = {pooled.database for pooled in discovery.of(Pooled)}
    # another spelling in use is another conflict
    spelled = {plain(database.name) for database in discovery.databases if database.used_by}
    owners = {use.login for use in discovery.uses}
    for database in discovery.databases:
        if database.used_by or database.name in _MAINTENANCE or database.name in pooled:
            continue
        if plain(database.name) in spelled or database.name in owners or database.name in discovery.administrators:
            continue
        yield Note(
            "",
            f'database "{database.name}"',
            f'database "{database.name}" is created and used by nothing',
            "No connection string, variable or setting in this repository leads to it.",
            database.created_by[:5],
        )
