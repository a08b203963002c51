"""Something that runs at every start drops a database, or all tables.

Why: a restart loses the data. It must be found before anything is moved, for the new home would be emptied too.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init.sql:/docker-entrypoint-initdb.d/init.sql"]
    === init.sql
    DROP DATABASE IF EXISTS orders;
    CREATE DATABASE orders;

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./init.sql:/docker-entrypoint-initdb.d/init.sql"]
    === init.sql
    CREATE DATABASE orders;
    === scripts/reset-my-machine.sql
    DROP DATABASE IF EXISTS orders;
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.created import started
from freehold.discover.made import DatabaseDropped
from freehold.discover.model import Discovery
from freehold.discover.places import only_tests


@conflict("error")
def drops_at_start(discovery: Discovery) -> Iterator[Note]:
    running = started(discovery.facts)
    for dropped in discovery.of(DatabaseDropped):
        if (dropped.starts or dropped.at.file in running) and not only_tests(dropped.at.file):
            yield Note(
                "",
                f'file "{dropped.at.file}"',
                f'"{dropped.at.file}" drops {_what(dropped)} when it starts',
                dropped.at.text,
                (dropped.at,),
            )


def _what(dropped: DatabaseDropped) -> str:
    return f"the database {dropped.database}" if dropped.database else "what it finds"
