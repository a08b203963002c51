"""A password stands in the repository.

Why: everybody who ever had a copy has it, and changing it later does not take it out of the history. Templates,
variables, placeholders and the trivial passwords of a developer's machine are not meant.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment:
          POSTGRES_PASSWORD: "hT9#kq2Lm8"

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment:
          POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}
    === .env.example
    POSTGRES_PASSWORD=change-me
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.discover import connections, places
from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.facts import Connection, Secret, Variable
from freehold.discover.model import Discovery, Evidence
from freehold.discover.secrets import real, trivial
from freehold.discover.variables import filled, open_variables

_NAMED = re.compile(r"(PASSWORD|PASSWD|_PWD|PGPASS)$", re.IGNORECASE)
_SHOWN = 6


@conflict("warning")
def secret_in_repository(discovery: Discovery) -> Iterator[Note]:
    found: dict[str, dict[Evidence, str]] = {}
    for at, what in _places(discovery):
        if not places.template(at.file) and places.environment(at.file) != "test":
            found.setdefault(at.file, {}).setdefault(at, what)
    for file, seen in sorted(found.items()):
        yield Note(
            "",
            f'file "{file}"',
            f'"{file}" holds {"a password" if len(seen) == 1 else f"{len(seen)} passwords"}',
            f"{', '.join(sorted(set(seen.values()))[:_SHOWN])}. Change it, and take it from the environment or a file"
            " that is not in the repository.",
            tuple(sorted(seen))[:_SHOWN],
        )


def _places(discovery: Discovery) -> Iterator[tuple[Evidence, str]]:
    for secret in discovery.of(Secret):
        yield secret.at, secret.what
    for variable in discovery.of(Variable):
        value = filled(variable.value, lambda name: None)  # a default is as good as written down
        if _NAMED.search(variable.name) and _worth(value):
            yield variable.at, variable.name
        elif "://" in value:
            target = connections.parse(value)
            if target is not None and _worth(target.password):
                yield variable.at, variable.name
    for connection in discovery.of(Connection):
        target = connections.parse(filled(connection.url, lambda name: None)) if connection.url else None
        if target is not None and _worth(target.password):
            yield connection.at, "a connection string"


def _worth(value: str) -> bool:
    return bool(value) and real(value) and not trivial(value) and not open_variables(value)
