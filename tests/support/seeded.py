"""What is in the tables of an example that was filled by `freehold seed`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import psycopg

from freehold.local.declaration import load
from support.examples import Raised

_TABLES = b"""
SELECT n.nspname, c.relname
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (%s)
"""


def logins(platform: Raised) -> Mapping[str, str]:
    """A connection string of the app login of each service, from the files that `freehold up` wrote."""
    found = {}
    for path in (platform.desk.folder / ".freehold" / "env").glob("*.env"):
        told = re.search(r"postgresql:[^\s\"']+", path.read_text(encoding="utf-8"))
        assert told is not None
        found[path.stem] = told[0]
    assert found
    return found


def admins(platform: Raised) -> Mapping[str, str]:
    """A connection string of the administrator in the database of each service."""
    services = platform.desk.run("status", "--json").document()["services"]
    assert isinstance(services, list)
    whole = {
        instance: platform.desk.run("url", "--admin", instance).out.strip()
        for instance in {str(one["instance"]) for one in services}
    }
    return {
        str(one["name"]): whole[str(one["instance"])].replace("/postgres?", f"/{one['database']}?") for one in services
    }


def counts(platform: Raised, urls: Mapping[str, str]) -> dict[str, int]:
    """Rows of every table that a service owns, whatever its policies hide: ``urls`` are the administrator's."""
    found: dict[str, int] = {}
    for service in load(platform.desk.folder / "freehold.yaml").services:
        if not service.schemas:
            continue
        with psycopg.connect(urls[service.name]) as session:
            tables = session.execute(_TABLES, (list(service.schemas),)).fetchall()
            assert tables
            for schema, table in tables:
                row = session.execute(f'SELECT count(*) FROM "{schema}"."{table}"'.encode()).fetchone()
                assert row is not None
                found[f"{schema}.{table}"] = int(row[0])
    return found
