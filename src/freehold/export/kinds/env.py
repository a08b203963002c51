"""One file of environment variables for each service: libpq's own variables and URLs, without a password.

A password file of libpq (``PGPASSFILE``) holds the password, so a program that uses libpq connects with the exported
file as it is. Drivers with another idea of a URL read the password from the file that ``PGPASSWORD_FILE`` names.
Sessions tell the server whose they are (``PGAPPNAME``); a URL that passes no pool has the login's own search_path too.

Hostile names: a value that shells, systemd and dotenv would not read alike is left out with a comment; the URLs, which
are percent-encoded, never are. A database, role or host with a line break is refused, since a password file cannot
hold it.

Checked: psql connects with nothing but the file, on a real server.
"""

from __future__ import annotations

from freehold.export.carried import CLIENT, Carried
from freehold.export.dotenv import lines
from freehold.export.environment import secret_files, variables
from freehold.export.kinds._kind import Exporter
from freehold.export.model import Asked, Export, Pieces
from freehold.export.names import file
from freehold.export.ways import ways


def _write(asked: Asked) -> Export:
    files: dict[str, str] = {}
    secrets: dict[str, Pieces] = {}
    for way, ro in zip(ways(asked), ways(asked, "ro"), strict=True):
        files[file(way.service, "env")] = lines(variables(way, ro, asked.secrets))
        secrets |= secret_files(way, ro)
    return Export(files, secrets, notes=("libpq ignores a password file that others may read: its mode must be 0600.",))


env = Exporter(
    "environment files that name password files",
    "used by psql against a real server",
    _write,
    CLIENT | {Carried.READERS},
)
