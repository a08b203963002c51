"""A settings module for each service: ``DATABASES`` with the service's own login; the password is read from a file.

Behind a pool in transaction mode server-side cursors are off and no connection is kept between requests, as Django's
manual asks for it. The login's search_path is set in the server, so models need no schema in their names.

Hostile names are Python literals and pass as they are.

Checked: each module is imported, and Django connects to a real server with it.
"""

from __future__ import annotations

from freehold.export.kinds._kind import Exporter
from freehold.export.model import Asked, Export, Pieces
from freehold.export.names import identifier
from freehold.export.pytext import Value, comment, literal
from freehold.export.ways import Way, ways
from freehold.spec.names import slug


def _module(asked: Asked, way: Way) -> str:
    options: dict[str, Value] = {**dict(way.host.options)}
    if way.pooled:
        options["prepare_threshold"] = None
    return f'''\
"""The database of service {comment(way.service)}: import DATABASES into Django's settings."""

import os
from pathlib import Path

PASSWORD_FILE = os.environ.get("PGPASSWORD_FILE", {literal(f"{asked.secrets}/{way.password_file}")})

DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.postgresql",
        "HOST": {literal(way.host.host)},
        "PORT": {way.host.port},
        "NAME": {literal(way.database)},
        "USER": {literal(way.user)},
        "PASSWORD": Path(PASSWORD_FILE).read_text(encoding="utf-8").rstrip("\\n"),
        "CONN_MAX_AGE": {0 if way.pooled else 60},
        "CONN_HEALTH_CHECKS": {not way.pooled},
        "DISABLE_SERVER_SIDE_CURSORS": {way.pooled},
        "OPTIONS": {literal(options)},
    }},
}}
'''


def _write(asked: Asked) -> Export:
    files: dict[str, str] = {"__init__.py": ""}
    secrets: dict[str, Pieces] = {}
    for way in ways(asked):
        files[f"{identifier(slug(way.service))}.py"] = _module(asked, way)
        secrets |= way.secrets()
    return Export(files, secrets, ("Run `manage.py migrate` as the owner: `freehold url SERVICE --role owner`.",))


django = Exporter("Django settings with the database of each service", "loaded by Django and connected", _write)
