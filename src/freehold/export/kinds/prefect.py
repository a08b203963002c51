"""``prefect.toml`` for each Prefect of the platform: a service without schemas, which owns a database of its own.

Prefect keeps its tables in ``public`` of a database that it shares with nobody. The file names the place and the
login; the password comes from ``PREFECT_SERVER_DATABASE_PASSWORD``, whose value is the content of the password file.
Without --service the services that are named after Prefect are written, else all that have no schemas. One that is
called ``prefect`` alone stands in ``prefect.toml``, any other in a folder of its name.

Hostile names are TOML strings, which Prefect reads as they are. A service whose folder cannot have its name tells it to
the server, by the setting ``application_name``.

Checked: Prefect, as its makers publish it, loads the file and migrates the database of a real server. That it takes
``application_name`` from the file was seen by hand, with 3.4.14.
"""

from __future__ import annotations

from freehold.errors import FreeholdError
from freehold.export.carried import Carried
from freehold.export.kinds._kind import Exporter
from freehold.export.model import Asked, Export, Pieces
from freehold.export.names import label
from freehold.export.ways import Way, ways


def _toml(way: Way) -> str:
    return "\n".join(
        (
            "[server.database]",
            'driver = "postgresql+asyncpg"',
            f"host = {_text(way.direct.host)}",
            f"port = {way.direct.port}",
            f"name = {_text(way.direct_database)}",
            f"user = {_text(way.user)}",
            "migrate_on_start = true",
            *(_named(way.service) if label(way.service) != way.service else ()),
            "",
        )
    )


def _named(service: str) -> tuple[str, str, str]:
    """The name that Prefect's sessions tell the server, where no folder can be called like it."""
    return "", "[server.database.sqlalchemy.connect_args]", f"application_name = {_text(service)}"


def _text(value: str) -> str:
    """A basic string of TOML, in ASCII; JSON's pairs for characters beyond the first plane are not TOML."""
    return (
        '"'
        + "".join(
            c if ord(c) < 0x10000 and c.isascii() and c.isprintable() and c not in '"\\' else _escape(c) for c in value
        )
        + '"'
    )


def _escape(char: str) -> str:
    return f"\\U{ord(char):08X}"


def _write(asked: Asked) -> Export:
    alone = [service.name for service in asked.chosen if not service.schemas]
    named = [name for name in alone if "prefect" in name.lower()]
    chosen = alone if asked.services or not named else named
    if not chosen:
        raise FreeholdError(
            "no service could be a Prefect: every one that is asked for has schemas",
            hint="Declare Prefect as a service with `schemas: []`: it owns its whole database.",
        )
    files: dict[str, str] = {}
    secrets: dict[str, Pieces] = {}
    for way in ways(asked):
        if way.service in chosen:
            own = label(way.service)
            files["prefect.toml" if chosen == ["prefect"] else f"{own}/prefect.toml"] = _toml(way)
            secrets |= way.secrets()
    names = ", ".join(sorted(secrets))
    return Export(files, secrets, (f"Set PREFECT_SERVER_DATABASE_PASSWORD from {names}.",))


prefect = Exporter(
    "prefect.toml for a Prefect that owns a database",
    "loaded by Prefect, which migrates a real server",
    _write,
    frozenset({Carried.SERVICES, Carried.LOGINS, Carried.PORTS}),
)
