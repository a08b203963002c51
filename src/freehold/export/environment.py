"""What the environment of a service says of its database: libpq's variables, URLs, and where its passwords are."""

from __future__ import annotations

from freehold.export.model import Pieces
from freehold.export.ways import Way

_OPTIONS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}


def variables(way: Way, ro: Way, secrets: str, *, mounted: bool = False) -> dict[str, str]:
    """What one service's environment says of its database.

    ``mounted``: the secret files are mounted into a container. libpq's own password file is left out then: others than
    its owner may read what is mounted, and libpq ignores such a file.
    """
    return {
        "DATABASE_URL": way.url(),
        "DATABASE_URL_RO": ro.url(),
        **({"DATABASE_URL_DIRECT": way.url(direct=True)} if way.pooled else {}),
        "PGHOST": way.host.host,
        "PGPORT": str(way.host.port),
        "PGDATABASE": way.database,
        "PGUSER": way.user,
        "PGAPPNAME": way.service,
        **({} if mounted else {"PGPASSFILE": f"{secrets}/{way.pgpass_file}"}),
        "PGPASSWORD_FILE": f"{secrets}/{way.password_file}",
        **{_OPTIONS[key]: value for key, value in way.host.options if key in _OPTIONS},
    }


def secret_files(way: Way, ro: Way, *, mounted: bool = False) -> dict[str, Pieces]:
    """The password files of one service: each password alone, and libpq's for both of its logins."""
    alone = {**way.secrets(), **ro.secrets()}
    if mounted:
        return alone
    return {way.pgpass_file: (*way.pgpass()[way.pgpass_file], *ro.pgpass()[ro.pgpass_file]), **alone}
