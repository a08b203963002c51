"""Prefect, installed as its makers publish it, migrates the database that Freehold made for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from support.clusters import VERSIONS
from support.examples import LAYOUTS, SOAK, Case, Raised, raised

PACKAGES = Path(__file__).with_name("prefect.txt")
CASES = [
    Case(layout, version)
    for version in (VERSIONS if SOAK else VERSIONS[:1])
    for layout in (LAYOUTS if SOAK else ("schema-per-service",))
]
# what the platform's own document calls flow_runs, task_runs, deployments, work_pools and blocks
TABLES = {"flow_run", "task_run", "deployment", "work_pool", "block_document", "alembic_version"}

pytestmark = pytest.mark.xdist_group("prefect")


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program ``prefect`` in an environment of its own."""
    home = tmp_path_factory.mktemp("prefect") / "venv"
    pip = [sys.executable, "-m", "venv", str(home)]
    made = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    install = [str(home / "bin" / "pip"), "install", "-q", "--no-deps", "--no-compile", "--disable-pip-version-check"]
    done = subprocess.run([*install, "-r", str(PACKAGES)], capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        pytest.skip(f"pip could not install Prefect: {done.stderr.strip().splitlines()[-1]}")
    return home / "bin" / "prefect"


def upgrade(prefect: Path, url: str, home: Path) -> subprocess.CompletedProcess[str]:
    """What its manual says: point it at the database, and let it migrate. asyncpg writes ``ssl`` for ``sslmode``."""
    asynchronous = url.replace("postgresql:", "postgresql+asyncpg:", 1).replace("sslmode=", "ssl=")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT", "PG", "PYTHON"))}
    return subprocess.run(
        [str(prefect), "server", "database", "upgrade", "-y"],
        env={
            **kept,
            "PREFECT_API_DATABASE_CONNECTION_URL": asynchronous,
            "PREFECT_HOME": str(home),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def by_export(prefect: Path, platform: Raised, home: Path, password: str = "") -> subprocess.CompletedProcess[str]:
    """The same with nothing but the exported prefect.toml and the password of the file that it goes with."""
    folder = home / "exported"
    said = platform.desk.run("export", "prefect", "--output", folder, "--with-secrets")
    assert said.status == 0, said.all
    (secret,) = (folder / "secrets").glob("*.password")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT", "PG", "PYTHON"))}
    return subprocess.run(
        [str(prefect), "server", "database", "upgrade", "-y"],
        cwd=folder,
        env={
            **kept,
            "PREFECT_SERVER_DATABASE_PASSWORD": password or secret.read_text(),
            "PREFECT_HOME": str(home),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def rows(url: str, text: str) -> Sequence[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as session:
        return session.execute(text.encode()).fetchall()


def instance(platform: Raised) -> str:
    """Where Prefect lives."""
    services = platform.up["services"]
    assert isinstance(services, list)
    return next(str(service["instance"]) for service in services if service["name"] == "prefect")


def proof(platform: Raised) -> tuple[int, dict[str, object]]:
    said = platform.desk.run("prove", "--json", timeout_s=300)
    return said.status, said.document()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_prefect_migrates_its_own_database(prefect: Path, tmp_path: Path, case: Case) -> None:
    with raised("trading-system", case) as platform:
        url = platform.url("prefect")
        assert rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []
        # half of the cases as its manual says, half by what Freehold exports for it
        if case.version == 18:
            assert by_export(prefect, platform, tmp_path, "wrong").returncode != 0
            said = by_export(prefect, platform, tmp_path)
        else:
            said = upgrade(prefect, url, tmp_path)
        assert said.returncode == 0, said.stdout + said.stderr

        made = rows(url, "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'")
        names = {str(name) for name, _ in made}
        assert names >= TABLES
        assert not names & {"flow_runs", "task_runs", "deployments", "work_pools", "blocks"}
        login = rows(
            url,
            "SELECT session_user::text, rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles"
            " WHERE rolname = session_user",
        )
        assert {owner for _, owner in made} == {login[0][0]}
        assert login[0][1] is False
        # nothing of it went anywhere else, and the extension was there before it looked
        assert rows(url, "SELECT DISTINCT schemaname FROM pg_tables WHERE tableowner = session_user") == [("public",)]
        extension = "SELECT extnamespace::regnamespace::text, extowner::regrole::text = session_user FROM pg_extension"
        assert rows(url, f"{extension} WHERE extname = 'pg_trgm'") == [("public", False)]

        # what it made is no drift, and opens nothing
        plan = platform.desk.run("plan", "--json")
        assert (plan.status, plan.document()["changes"]) == (0, []), plan.all
        before = platform.proof["attempts"]
        status, after = proof(platform)
        assert (status, after["violations"], after["unknown"]) == (0, [], [])
        assert isinstance(before, int)
        assert isinstance(after["attempts"], int)
        if case.layout == "central":
            # one login for all: Prefect's tables are everybody's, and nobody else's to attack
            assert {limit["code"] for limit in _findings(after["limits"])} >= {"shared_login"}
            return
        assert after["attempts"] > before

        # the negative control: somebody else is let in
        admin = platform.desk.run("url", "--admin", instance(platform)).out.strip()
        # where Prefect has an instance of its own there is no other service to let in by name
        who = "PUBLIC" if case.layout == "instance-per-service" else "trading_system_execution_app"
        platform.desk.psql(admin.replace("/postgres?", "/prefect?"), f"GRANT CONNECT ON DATABASE prefect TO {who}")
        status, red = proof(platform)
        told = [(finding["service"], finding["object"]) for finding in _findings(red["violations"])]
        assert status == 2
        assert ("prefect", 'database "prefect"') in told
        assert who in str(red["violations"])


def _findings(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value
