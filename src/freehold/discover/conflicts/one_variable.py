"""Prisma schemas of several services take their URL from one and the same variable.

Why: started together, from one env file, they all get one database, and each `prisma migrate` finds the tables of the
others and offers to drop them. It is fine when each service is given a value of its own.

Bad:
    === .env
    DATABASE_URL=postgresql://shop@localhost/shop
    === orders/package.json
    {"name": "orders"}
    === orders/prisma/schema.prisma
    datasource db {
      provider = "postgresql"
      url      = env("DATABASE_URL")
    }
    === billing/package.json
    {"name": "billing"}
    === billing/prisma/schema.prisma
    datasource db {
      provider = "postgresql"
      url      = env("DATABASE_URL")
    }

Good:
    === orders/package.json
    {"name": "orders"}
    === orders/prisma/schema.prisma
    datasource db {
      provider = "postgresql"
      url      = env("DATABASE_URL")
    }
    === orders/.env
    DATABASE_URL=postgresql://orders@localhost/orders
    === billing/package.json
    {"name": "billing"}
    === billing/prisma/schema.prisma
    datasource db {
      provider = "postgresql"
      url      = env("BILLING_DATABASE_URL")
    }
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from posixpath import dirname

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Connection
from freehold.discover.model import Discovery


@conflict("warning")
def one_variable(discovery: Discovery) -> Iterator[Note]:
    served = {service.folder for service in discovery.services if service.databases}
    by_url: dict[str, list[Connection]] = defaultdict(list)
    for connection in discovery.of(Connection):
        if connection.at.file.endswith(".prisma") and connection.url.startswith("${"):
            own = any(folder and connection.at.file.startswith(f"{folder}/") for folder in served)
            if not own:
                by_url[connection.url].append(connection)
    for url, found in sorted(by_url.items()):
        folders = {dirname(connection.at.file) for connection in found}
        if len(folders) > 1:
            yield Note(
                "",
                f'variable "{url.strip("${}")}"',
                f'{len(folders)} Prisma schemas take their URL from "{url.strip("${}")}"',
                "No file gives any of them a value of its own, so one value leads all of them to one database.",
                tuple(connection.at for connection in found[:8]),
            )
