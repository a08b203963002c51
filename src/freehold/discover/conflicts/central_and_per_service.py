"""A central database and databases for each service are set up at once.

Why: two architectures stand in one repository, and nobody can tell which one is real: a schema change made to one is
missing in the other, and "isolated" holds for one of them only.

Bad:
    === legacy/init.sql
    CREATE TABLE users (id int PRIMARY KEY);
    CREATE TABLE orders (id int PRIMARY KEY);
    CREATE TABLE payments (id int PRIMARY KEY);
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init/:/docker-entrypoint-initdb.d/"]
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/shop_orders"}
      users:
        build: ./users
        environment: {DATABASE_URL: "postgresql://users@db/shop_users"}
    === init/databases.sql
    CREATE DATABASE shop_orders;
    CREATE DATABASE shop_users;

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init/:/docker-entrypoint-initdb.d/"]
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/shop_orders"}
      users:
        build: ./users
        environment: {DATABASE_URL: "postgresql://users@db/shop_users"}
    === init/databases.sql
    CREATE DATABASE shop_orders;
    CREATE DATABASE shop_users;
    === orders/package.json
    {"name": "orders"}
    === orders/migrations/001_orders.sql
    CREATE TABLE orders (id int PRIMARY KEY);
    CREATE TABLE order_lines (id int PRIMARY KEY);
    CREATE TABLE baskets (id int PRIMARY KEY);
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.model import Discovery, Evidence, TableSeen

_TABLES_MIN = 3


@conflict("error")
def central_and_per_service(discovery: Discovery) -> Iterator[Note]:
    alone = [database for database in discovery.databases if len(database.used_by) == 1 and database.created_by]
    if len({database.used_by[0] for database in alone}) < 2:
        return
    separate = tuple(database.created_by[0] for database in alone[:3])
    names = ", ".join(f'"{database.name}"' for database in alone[:8])
    for database in discovery.databases:
        both = sorted(set(database.used_by) & {each.used_by[0] for each in alone})
        if len(database.used_by) > 1 and any(_instead(discovery, service, database.name) for service in both):
            places = tuple(sorted({use.at for use in discovery.uses if use.database == database.name}))[:4]
            yield Note(
                both[0],
                f'database "{database.name}"',
                f'{", ".join(both)} use "{database.name}" together and also databases of their own',
                f"{names} are set up for single services, and the same services are led to a common one.",
                (*places, *separate),
            )
    for file, tables in sorted(_scripts(discovery).items()):
        owned = {table.service for table in discovery.tables if table.service}
        if len(tables) >= _TABLES_MIN and len(owned | {table.name for table in tables}) > 1:
            shown: tuple[Evidence, ...] = tuple(table.at for table in tables[:3])
            yield Note(
                "",
                f'file "{file}"',
                f'"{file}" makes a central database of {len(tables)} tables beside databases for each service',
                f"It belongs to no service and creates {', '.join(t.shown for t in tables[:8])}; {names} are set up for"
                " single services.",
                (*shown, *separate),
                f"mkdir -p archive && git mv '{file}' archive/",
            )


def _instead(discovery: Discovery, service: str, central: str) -> bool:
    """Whether some place leads a service to the central database alone: beside its own it may be a common outbox."""
    places: dict[str, set[str]] = defaultdict(set)
    for use in discovery.uses:
        if use.service == service and use.environment != "test":
            places[use.at.file].add(use.database)
    return any(names == {central} for names in places.values())


def _scripts(discovery: Discovery) -> dict[str, list[TableSeen]]:
    """Scripts of tables that no service owns and that are not made inside one of the separate databases."""
    found: dict[str, list[TableSeen]] = defaultdict(list)
    alone = {database.name for database in discovery.databases if len(database.used_by) == 1}
    for table in discovery.tables:
        if not table.service and table.database not in alone and table.at.file.endswith(".sql"):
            found[table.at.file].append(table)
    return found
