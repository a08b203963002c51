"""From a repository with two architectures at once to one of them: discover says it, archive does it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = (sys.executable, "-m", "freehold")
FILES = {
    "databases/postgresql/init.sql": """\
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);
CREATE TABLE payments (id int PRIMARY KEY);
""",
    "databases/postgresql/create.sql": "CREATE DATABASE shop_old;\n",
    "compose.yaml": """\
services:
  db:
    image: postgres:17
    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db}
    volumes: ["./init/databases.sql:/docker-entrypoint-initdb.d/databases.sql"]
  orders:
    build: ./orders
    environment: {DATABASE_URL: "postgresql://orders@db/shop_orders"}
  users:
    build: ./users
    environment: {DATABASE_URL: "postgresql://users@db/shop_users"}
""",
    "init/databases.sql": "CREATE DATABASE shop_orders;\nCREATE DATABASE shop_users;\n",
    "setup.sh": "#!/bin/sh\necho see databases/postgresql/init.sql\n",
}
LEGACY = {
    "databases/postgresql/init.sql": "central_and_per_service",
    "databases/postgresql/create.sql": "script_not_mounted",
}


def freehold(root: Path, *words: str) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [*PROGRAM, *words, "--json"], cwd=root, capture_output=True, text=True, check=False, timeout=120
    )
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return done.returncode, document


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        place = tmp_path / "shop" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return tmp_path / "shop"


def codes(root: Path) -> set[tuple[str, str]]:
    _, document = freehold(root, "discover", ".")
    (root.parent / "findings.json").write_text(json.dumps(document))
    return {(one["code"], one["object"]) for one in document["findings"]}  # type: ignore[attr-defined]


def test_what_discovery_calls_legacy_is_archived_and_then_gone_from_the_findings(root: Path) -> None:
    before = codes(root)
    assert {(code, f'file "{path}"') for path, code in LEGACY.items()} <= before

    _, planned = freehold(root, "archive", "--from", "../findings.json", "--yes")
    assert {one["path"]: one["code"] for one in planned["files"]} == LEGACY  # type: ignore[attr-defined]
    assert (root / "init/databases.sql").exists(), "what is in use stays"
    assert f"{planned['folder']}/databases/postgresql/init.sql" in (root / "setup.sh").read_text()

    freehold(root, "archive", "--undo", "--yes")
    assert codes(root) == before
    assert {path: (root / path).read_text() for path in FILES} == FILES
