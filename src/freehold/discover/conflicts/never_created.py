"""A service uses a database that nothing creates.

Why: the service starts and fails with `database "..." does not exist`, or somebody created the database by hand
and nobody can do it again. Databases of servers that no file of the repository starts do not count.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: orders, POSTGRES_PASSWORD: "${PASSWORD}"}
      billing:
        image: shop/billing
        environment: {DATABASE_URL: "postgresql://billing@db/billing"}

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: billing, POSTGRES_PASSWORD: "${PASSWORD}"}
      billing:
        image: shop/billing
        environment: {DATABASE_URL: "postgresql://billing@db/billing"}
      reports:
        image: shop/reports
        environment: {DATABASE_URL: "postgresql://reports@warehouse.example.com/reports"}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Mounted, Script
from freehold.discover.model import Discovery


@conflict("error")
def never_created(discovery: Discovery) -> Iterator[Note]:
    made_on = {database.server for database in discovery.databases if database.created_by and database.server}
    there = {script.path for script in discovery.of(Script)}
    if any(
        m.path.endswith((".sql", ".sh")) and m.path not in there and ":" not in m.path for m in discovery.of(Mounted)
    ):
        return  # a script that is not here may create it; that it is missing is said elsewhere
    for database in discovery.databases:
        if database.created_by or not database.used_by:
            continue
        uses = [u for u in discovery.uses if u.database == database.name and u.how == "configured"]
        here = [use for use in uses if use.server in made_on and use.environment != "test"]
        if here:
            yield Note(
                here[0].service,
                f'database "{database.name}"',
                f'database "{database.name}" is used by "{here[0].service}" and created by nothing',
                f'The server "{here[0].server}" is started by this repository, and no variable or script of it creates'
                f' "{database.name}".',
                tuple(sorted({use.at for use in here})),
                f'CREATE DATABASE "{database.name.replace(chr(34), chr(34) * 2)}"',
            )
