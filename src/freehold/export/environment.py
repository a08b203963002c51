"""What the environment of a service says of its database: libpq's variables, URLs, and where its passwords are."""

from __future__ import annotations

from freehold.export.model import Pieces
from freehold.export.ways import Way

_OPTIONS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}


def variables(way: Way, ro: Way, secrets: str) -> dict[str, str]:
    """What one service's environment says of its database."""
    return {
        "DATABASE_URL": way.url(),
        "DATABASE_URL_RO": ro.url(),
        **({"DATABASE_URL_DIRECT": way.url(direct=True)} if way.pooled else {}),
        "PGHOST": way.host.host,
        "PGPORT": str(way.host.port),
        "PGDATABASE": way.database,
        "PGUSER": way.user,
        "PGPASSFILE": f"{secrets}/{way.pgpass_file}",
        "PGPASSWORD_FILE": f"{secrets}/{way.password_file}",
        **{_OPTIONS[key]: value for key, value in way.host.options if key in _OPTIONS},
    }


def secret_files(way: Way, ro: Way) -> dict[str, Pieces]:
    """The password files of one service: libpq's for both of its logins, and each password alone."""
    both = (*way.pgpass()[way.pgpass_file], *ro.pgpass()[ro.pgpass_file])
    return {way.pgpass_file: both, **way.secrets(), **ro.secrets()}
