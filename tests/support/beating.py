"""Clients of every service of any platform, that write one row after another into a table of their own in it."""

from __future__ import annotations

import yaml

from support.command import Desk
from support.traffic import Clients, Connection, Once

TABLE = "freehold_beat"
MIGRATION = f"CREATE TABLE {TABLE} (number bigint NOT NULL, at timestamptz NOT NULL DEFAULT now())"
"""Without a key: a row that came twice would be there twice."""


def beating(found: Desk) -> Clients:
    """Give each service that has migrations the table, and a client that writes it through its pool."""
    declared = yaml.safe_load((found.folder / "freehold.yaml").read_text(encoding="utf-8"))["services"]
    jobs: dict[str, tuple[str, Once]] = {}
    for name, service in declared.items():
        folder = service.get("migrations")
        if isinstance(folder, str):
            (found.folder / folder / "999999_beat.sql").write_text(MIGRATION, encoding="utf-8")
            jobs[name] = ("", _beats(service["schemas"][0]))
    applied = found.run("apply", "--yes", timeout_s=300)
    assert applied.status == 0, applied.all
    return Clients({name: (found.run("url", name).out.strip(), once) for name, (_, once) in jobs.items()})


def _beats(schema: str) -> Once:
    def beat(connection: Connection, number: int) -> None:
        connection.execute(f"INSERT INTO {schema}.{TABLE} (number) VALUES ({number})")

    return beat


def all_there(found: Desk, clients: Clients) -> None:
    """Assert that no client met an error, and that each confirmed row is there once and no other."""
    declared = yaml.safe_load((found.folder / "freehold.yaml").read_text(encoding="utf-8"))["services"]
    for name in clients.jobs:
        rows = found.psql(
            found.run("url", name).out.strip(), f"SELECT number FROM {declared[name]['schemas'][0]}.{TABLE}"
        )
        clients.agree(name, [row[0] for row in rows])
