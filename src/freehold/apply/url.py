"""A connection as one ``postgresql://`` URL, with every part encoded."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote


def connection_url(
    host: str, port: int, database: str, user: str, password: str, options: Mapping[str, str] | None = None
) -> str:
    """The URL that libpq and the drivers of all languages read; an empty ``password`` is left out."""
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    place = f"[{host}]" if ":" in host else quote(host, safe="")
    parameters = "&".join(
        f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in sorted((options or {}).items())
    )
    return f"postgresql://{login}@{place}:{port}/{quote(database, safe='')}" + (f"?{parameters}" if parameters else "")
