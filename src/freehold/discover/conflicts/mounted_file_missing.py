"""A server mounts a script that is not in the repository.

Why: Docker makes an empty folder of that name and mounts it. The server starts, runs nothing, and the databases that
the script would create are missing.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./database/init.sql:/docker-entrypoint-initdb.d/init.sql"]
    === databases/init.sql
    CREATE DATABASE orders;

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
        volumes: ["./database/init.sql:/docker-entrypoint-initdb.d/init.sql"]
    === database/init.sql
    CREATE DATABASE orders;
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Mounted, Script
from freehold.discover.model import Discovery


@conflict("error")
def mounted_file_missing(discovery: Discovery) -> Iterator[Note]:
    there = {script.path for script in discovery.of(Script)}
    for mounted in discovery.of(Mounted):
        # what is no path, or is a folder with scripts, is another matter
        known = mounted.path in there or any(path.startswith(f"{mounted.path}/") for path in there)
        if mounted.path.endswith(".sql") and ":" not in mounted.path and not known:
            yield Note(
                "",
                f'file "{mounted.path}"',
                f'"{mounted.path}" is run by the server and is not in the repository',
                f"{mounted.at.place} mounts it, and no file of this name is there.",
                (mounted.at,),
            )
