"""One file of environment variables per service, which a shell, systemd, docker and dotenv all read alike."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from freehold.apply.url import connection_url
from freehold.export.dotenv import lines
from freehold.local.folder import explained, private_folder, write_atomically


@dataclass(frozen=True, slots=True)
class Login:
    """How one role of a service connects."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)

    def url(self) -> str:
        return connection_url(self.host, self.port, self.database, self.user, self.password, self.options)


def path(folder: Path, service: str) -> Path:
    """The env file of ``service`` in ``folder``; a name that is no file name is percent-encoded."""
    return folder / f"{file_name(service)}.env"


def file_name(service: str) -> str:
    """The name of a service as a file name: what is no letter or digit is percent-encoded."""
    encoded = quote(service, safe="")
    return "%2E" + encoded[1:] if encoded.startswith(".") else encoded


def write(folder: Path, service: str, app: Login, ro: Login | None = None, direct: Login | None = None) -> Path:
    """Write the env file of ``service`` (mode 0600, replaced as a whole) and return its path. A file that says the same
    already is left alone: what watches it is not woken, and the folder may have become read-only.

    Raises LocalStateError when the folder cannot be written, or others may read it.
    """
    private_folder(folder.parent)
    private_folder(folder)
    target = path(folder, service)
    content = text(app, ro, direct).encode("utf-8")
    if not _says(target, content):
        write_atomically(target, content)
    return target


def _says(file: Path, content: bytes) -> bool:
    """Whether a private file of this content is there already."""
    with explained(file):
        try:
            mode = file.lstat().st_mode
            return stat.S_ISREG(mode) and stat.S_IMODE(mode) == 0o600 and file.read_bytes() == content
        except (FileNotFoundError, PermissionError):
            return False


def text(app: Login, ro: Login | None = None, direct: Login | None = None) -> str:
    """The lines of an env file. A value that the readers would not read alike is left out; the URLs never are.

    ``direct`` is the way past the pool, for what a pool in transaction mode cannot do (LISTEN, session locks)."""
    variables = {
        "DATABASE_URL": app.url(),
        **({"DATABASE_URL_RO": ro.url()} if ro else {}),
        **({"DATABASE_URL_DIRECT": direct.url()} if direct else {}),
        "PGHOST": app.host,
        "PGPORT": str(app.port),
        "PGDATABASE": app.database,
        "PGUSER": app.user,
        "PGPASSWORD": app.password,
        **{_VARIABLES[key]: value for key, value in sorted(app.options.items()) if key in _VARIABLES},
    }
    return lines(variables)


_VARIABLES = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}
