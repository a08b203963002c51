"""Where an instance listens: a postgresql:// URL as an Address."""

from __future__ import annotations

from types import MappingProxyType

import psycopg
from psycopg.conninfo import conninfo_to_dict

from freehold.errors import ServerError
from freehold.ports import Address
from freehold.spec.names import safe_url

_OWN = frozenset({"host", "port", "user", "password", "dbname"})


def address_from_url(instance: str, url: str) -> Address:
    """The Address of a URL. Options such as sslmode are kept; the database defaults to ``postgres``.

    Raises ServerError when libpq cannot read the URL or when it names no user.
    """
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:
        raise ServerError(
            f'the URL of server "{instance}" cannot be read: {safe_url(url)}',
            hint="Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded.",
        ) from None
    host = parts.get("host", "localhost")
    port = parts.get("port", "5432")
    if "," in host or not port.isdigit():
        raise ServerError(
            f'the URL of server "{instance}" names more than one host',
            hint="Name the primary only: an administrator must not land on a standby.",
        )
    if "user" not in parts:
        raise ServerError(
            f'the URL of server "{instance}" names no user', hint="Write postgresql://USER@HOST/DATABASE."
        )
    return Address(
        instance=instance,
        host=host,
        port=int(port),
        user=parts["user"],
        password=parts.get("password", ""),
        maintenance_database=parts.get("dbname", "postgres"),
        options=MappingProxyType({name: parts[name] for name in sorted(parts) if name not in _OWN}),
    )
