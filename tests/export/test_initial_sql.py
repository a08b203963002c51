"""The SQL that exported instances start with, run by psql on a server as initdb leaves it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from freehold.export import initial
from freehold.plan.make import make
from freehold.plan.model import Design, Phase, Step
from freehold.ports import Address
from freehold.spec.model import Layout, Platform
from freehold.sqltext import ident, sql
from support.clusters import TidyServers
from support.exporting import example, hostile
from support.fixtures import Clusters
from support.plans import design, read

pytestmark = pytest.mark.real

CASES = {
    "treum": example("treum", Layout.DATABASE_PER_SERVICE),
    "trading-system": example("trading-system", Layout.SCHEMA_PER_SERVICE),
    "hostile": hostile(),
    "central": hostile(Layout.CENTRAL),
}


def wanted(platform: Platform) -> Design:
    """The platform on the one test server, whose roles all have a verifier."""
    found = design(platform)
    pool = found.placements.roles.pool
    return replace(
        found,
        verifiers={**found.verifiers, **({pool: found.verifiers[found.placements.roles.monitor]} if pool else {})},
    )


def start(
    address: Address, platform: Design, folder: Path, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """What the official image does with a script of a new volume."""
    for file, (piece,) in initial.secrets(platform, "main").items():
        assert not isinstance(piece, str)
        (folder / file).write_text(platform.verifiers[piece.name])
    script = folder / "init.sql"
    script.write_text(initial.sql(platform, "main") if text is None else text, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return subprocess.run(
        ["psql", "-v", "ON_ERROR_STOP=1", "--no-password", "--no-psqlrc", "-q", "-f", str(script)],
        env={
            **kept,
            "FREEHOLD_SECRETS": str(folder),
            "PGHOST": address.host,
            "PGPORT": str(address.port),
            "PGUSER": address.user,
            "PGPASSWORD": address.password,
            "PGDATABASE": address.maintenance_database,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def left(platform: Design, servers: TidyServers) -> list[Step]:
    """What `freehold plan` would still do, but for settings, which are in postgresql.conf."""
    return [step for step in make(platform, read(servers, platform)).steps if step.phase is not Phase.SERVER]


@pytest.mark.parametrize("name", CASES)
def test_after_it_nothing_is_left_but_what_needs_tables(
    name: str, server18: Address, clusters: Clusters, tmp_path: Path
) -> None:
    servers = clusters(18)[1]
    platform = wanted(CASES[name])
    assert any(step.phase is Phase.ROLES for step in left(platform, servers))

    done = start(server18, platform, tmp_path)
    assert done.returncode == 0, done.stderr
    # reads across databases wait for the tables that they stand for; the journal is made by the first apply
    allowed = {"foreign_server", "user_mapping", "mirror", "control_schema"}
    assert [step.say() for step in left(platform, servers) if step.kind not in allowed] == []

    # and it is seen when something is missing
    admin = servers.admin("main")
    role = platform.placements.services[0].roles.app
    admin.execute(sql("ALTER ROLE {} CONNECTION LIMIT 1", ident(role)))
    assert [step.kind for step in left(platform, servers) if step.kind not in allowed] == ["role"]


def test_a_script_that_fails_stops(server18: Address, tmp_path: Path) -> None:
    platform = wanted(CASES["hostile"])
    text = initial.sql(platform, "main")
    broken = text.replace("CREATE DATABASE", "CREATE DATABSE", 1)
    assert broken != text

    done = start(server18, platform, tmp_path, broken)
    assert done.returncode != 0
    assert "DATABSE" in done.stderr
