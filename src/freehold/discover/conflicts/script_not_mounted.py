"""A script that creates databases is in the repository and nothing runs it.

Why: it looks as if the databases were created. A new machine has none of them. The same holds for a variable with a
list of databases that no script reads: the official image knows no such variable.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_MULTIPLE_DATABASES: "orders,billing", POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/orders"}
    === scripts/create-databases.sh
    for db in $(echo $POSTGRES_MULTIPLE_DATABASES | tr ',' ' '); do
      psql -c "CREATE DATABASE $db"
    done

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_MULTIPLE_DATABASES: "orders,billing", POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./scripts:/docker-entrypoint-initdb.d"]
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/orders"}
    === scripts/create-databases.sh
    for db in $(echo $POSTGRES_MULTIPLE_DATABASES | tr ',' ' '); do
      psql -c "CREATE DATABASE $db"
    done
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from freehold.discover import engines
from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.created import LISTS, started
from freehold.discover.facts import Deployed, Script, Variable
from freehold.discover.made import DatabaseMade
from freehold.discover.model import Discovery
from freehold.discover.places import NAME


@conflict("warning")
def script_not_mounted(discovery: Discovery) -> Iterator[Note]:
    servers = {
        f"service:{each.scope}:{each.name}"
        for each in discovery.of(Deployed)
        if engines.of_image(each.image) == "postgresql"
    }
    if not servers:
        return
    running = started(discovery.facts)
    scripts = discovery.of(Script)
    makes: dict[str, list[DatabaseMade]] = defaultdict(list)
    for made in discovery.of(DatabaseMade):
        if made.script:
            makes[made.script].append(made)
    for script in scripts:
        if script.path in running or script.path.startswith("config:") or not makes.get(script.path):
            continue
        names = sorted({made.database for made in makes[script.path] if NAME.match(made.database)})
        if not names:
            continue
        yield Note(
            "",
            f'file "{script.path}"',
            f'nothing runs "{script.path}", which creates {", ".join(names[:8])}',
            "No server mounts it and no other script starts it.",
            tuple(made.at for made in makes[script.path][:3]),
        )
    read = {name for script in scripts if script.path in running for name in script.reads}
    for variable in discovery.of(Variable):
        if variable.holder in servers and LISTS.search(variable.name) and variable.name not in read:
            yield Note(
                "",
                f'variable "{variable.name}"',
                f'"{variable.name}" lists databases and nothing reads it',
                "The image creates one database, that of POSTGRES_DB; no script that the server runs reads this list.",
                (variable.at, *(script.at for script in scripts if variable.name in script.reads)),
            )
