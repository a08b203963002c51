"""A legacy database that is to be adopted: Alphintra's, with rows, and more of what real ones hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg

from freehold.pg.embedded.binaries import bundled
from freehold.ports import Address
from support.clusters import DEBIAN_15, PASSWORD
from support.command import Desk

CENTRAL = Path(__file__).parents[2] / "examples" / "alphintra" / "legacy" / "databases" / "postgresql" / "init.sql"
LOGIN = ("alphintra", "alphintra123")

DECLARATION = """\
platform: alphintra
layout: schema-per-service
server: env:LEGACY
services:
  user: {{schemas: [users], adopts: [public.users]}}
  auth: {{adopts: ["public.api_*"]}}
  strategy: {{adopts: [public.trading_strategies]}}
  trading: {{adopts: [public.trades]}}
  risk: {{adopts: ["public.risk_*"]}}
  notification: {{adopts: [public.notifications]{more}}}
"""

ROWS = """\
INSERT INTO users (username, email, password) SELECT 'u' || i, 'u' || i || '@x', 'p' FROM generate_series(1, 50) i;
INSERT INTO api_keys (user_id, api_key) SELECT i, 'key' || i FROM generate_series(1, 50) i;
INSERT INTO trading_strategies (user_id, name) SELECT i, 's' || i FROM generate_series(1, 50) i;
INSERT INTO trades (user_id, strategy_id, symbol, side, quantity, price)
  SELECT 1 + i % 50, 1 + i % 50, 'ABC', 'buy', i, 1.5 FROM generate_series(1, 500) i;
INSERT INTO risk_rules (user_id, strategy_id, rule_type, threshold) SELECT i, i, 'max', 5 FROM generate_series(1, 50) i;
INSERT INTO notifications (user_id, trade_id, message) SELECT 1 + i % 50, i, 'm' FROM generate_series(1, 300) i;
"""


def url(server: Address, database: str = "postgres", user: str = "postgres", password: str = PASSWORD) -> str:
    """How a client connects."""
    return psycopg.conninfo.make_conninfo(
        host=server.host, port=str(server.port), dbname=database, user=user, password=password
    )


def uri(server: Address, database: str) -> str:
    """The same as a declaration writes it."""
    from urllib.parse import quote

    return f"postgresql://postgres:{quote(PASSWORD, safe='')}@{server.host}:{server.port}/{database}"


def legacy(server: Address, more: str = "") -> str:
    """Load the legacy database, with rows; how its own login connects."""
    with psycopg.connect(url(server)) as connection:
        old = connection.info.server_version < 160000
    program = DEBIAN_15 / "psql" if old else bundled() / "psql"
    done = subprocess.run(
        [str(program), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", url(server)],
        input=f"{CENTRAL.read_text(encoding='utf-8')}\n{ROWS}\n{more}",
        capture_output=True,
        text=True,
        check=False,
        env={"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr
    return url(server, "alphintra", *LOGIN)


def declare(desk: Desk, text: str) -> None:
    """Write the declaration."""
    (desk.folder / "freehold.yaml").write_text(text, encoding="utf-8")
