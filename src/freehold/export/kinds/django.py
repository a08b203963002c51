"""A settings module for each service: ``DATABASES`` with the service's own login; the password is read from a file.

Behind a pool in transaction mode server-side cursors are off and no connection is kept between requests, as Django's
manual asks for it; the alias ``direct`` is the way past it, for ``manage.py migrate --database direct``. The
search_path is the login's own, so models need no schema in their names.

Hostile names are Python literals and pass as they are.

Checked: each module is imported, and Django connects to a real server with it.
"""

from __future__ import annotations

from freehold.export.carried import CLIENT
from freehold.export.kinds._kind import Exporter
from freehold.export.model import Asked, Export, Pieces
from freehold.export.names import identifier
from freehold.export.pytext import Value, comment, literal
from freehold.export.ways import Way, ways
from freehold.spec.names import slug


def _database(way: Way, *, direct: bool = False) -> str:
    pooled = way.pooled and not direct
    host, database = (way.direct, way.direct_database) if direct else (way.host, way.database)
    options: dict[str, Value] = {**dict(host.options), **way.session(direct=direct)}
    if pooled:
        options["prepare_threshold"] = None
    # the tests of Django make a database for each alias, and this one is the other's
    mirror = '        "TEST": {"MIRROR": "default"},\n' if direct else ""
    return f'''\
    "{"direct" if direct else "default"}": {{
        "ENGINE": "django.db.backends.postgresql",
        "HOST": {literal(host.host)},
        "PORT": {host.port},
        "NAME": {literal(database)},
        "USER": {literal(way.user)},
        "PASSWORD": Path(PASSWORD_FILE).read_text(encoding="utf-8").rstrip("\\n"),
        "CONN_MAX_AGE": {0 if pooled else 60},
        "CONN_HEALTH_CHECKS": {not pooled},
        "DISABLE_SERVER_SIDE_CURSORS": {pooled},
        "OPTIONS": {literal(options)},
{mirror}    }},
'''


def _module(asked: Asked, way: Way) -> str:
    databases = _database(way) + (_database(way, direct=True) if way.pooled else "")
    return f'''\
"""The database of service {comment(way.service)}: import DATABASES into Django's settings."""

import os
from pathlib import Path

PASSWORD_FILE = os.environ.get("PGPASSWORD_FILE", {literal(f"{asked.secrets}/{way.password_file}")})

DATABASES = {{
{databases}}}
'''


def _write(asked: Asked) -> Export:
    files: dict[str, str] = {"__init__.py": ""}
    secrets: dict[str, Pieces] = {}
    for way in ways(asked):
        files[f"{identifier(slug(way.service))}.py"] = _module(asked, way)
        secrets |= way.secrets()
    return Export(files, secrets, ("Run `manage.py migrate` as the owner: `freehold url SERVICE --role owner`.",))


django = Exporter("Django settings with the database of each service", "loaded by Django and connected", _write, CLIENT)
