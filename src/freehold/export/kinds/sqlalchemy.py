"""One Python module for each service that makes its SQLAlchemy engine; the password is read from a file.

The module has ``url()``, ``engine()`` and ``SCHEMAS``; each session tells the server whose it is. Behind a pool in
transaction mode the engine keeps no connections of its own and prepares no statements; without one it keeps as many as
the declaration lets the login open.

Hostile names are Python literals and pass as they are.

Checked: each module is imported and its engine connects to a real server, with and without a pool.
"""

from __future__ import annotations

from freehold.export.carried import CLIENT
from freehold.export.kinds._kind import Exporter
from freehold.export.model import Asked, Export, Pieces
from freehold.export.names import identifier
from freehold.export.pytext import Value, comment, literal
from freehold.export.ways import Way, ways
from freehold.layouts.limits import role_limit
from freehold.spec.names import slug


def _module(asked: Asked, way: Way) -> str:
    limit = max(1, role_limit(asked.platform.service(way.service), "app"))
    kept = max(1, limit // 2)
    pool = "poolclass=NullPool" if way.pooled else f"pool_size={kept}, max_overflow={limit - kept}"
    connect: dict[str, Value] = {**dict(way.host.options)}
    if way.pooled:
        connect["prepare_threshold"] = None
    past = f"    if direct:\n        return {_created(way, direct=True)}\n" if way.pooled else ""
    return f'''\
"""The database of service {comment(way.service)}."""

import os
from pathlib import Path

from sqlalchemy import URL, {"Engine, NullPool" if way.pooled else "Engine"}, create_engine

SCHEMAS = {literal(list(way.schemas))}
PASSWORD_FILE = os.environ.get("PGPASSWORD_FILE", {literal(f"{asked.secrets}/{way.password_file}")})


def url(*, direct: bool = False) -> URL:
    """Where the database is; ``direct`` is past the pool, for migrations, LISTEN and locks of a session."""
{past}    return {_created(way)}


def engine() -> Engine:
    """An engine for the service's own login."""
    return create_engine(url(), pool_pre_ping=True, {pool}, connect_args={literal(connect)})
'''


def _created(way: Way, *, direct: bool = False) -> str:
    host, database = (way.direct, way.direct_database) if direct else (way.host, way.database)
    inner, end = ("            ", "        ") if direct else ("        ", "    ")
    return "\n".join(
        (
            "URL.create(",
            f'{inner}"postgresql+psycopg",',
            f"{inner}username={literal(way.user)},",
            f'{inner}password=Path(PASSWORD_FILE).read_text(encoding="utf-8").rstrip("\\n"),',
            f"{inner}host={literal(host.host)},",
            f"{inner}port={host.port},",
            f"{inner}database={literal(database)},",
            f"{inner}query={literal(way.session(direct=direct))},",
            f"{end})",
        )
    )


def _write(asked: Asked) -> Export:
    files: dict[str, str] = {"__init__.py": ""}
    secrets: dict[str, Pieces] = {}
    for way in ways(asked):
        files[f"{identifier(slug(way.service))}.py"] = _module(asked, way)
        secrets |= way.secrets()
    return Export(files, secrets, notes=("The modules need SQLAlchemy 2 and psycopg 3.",))


sqlalchemy = Exporter(
    "Python modules that make each service's engine", "imported and connected to a real server", _write, CLIENT
)
