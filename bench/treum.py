"""TREUM's three busiest services, raised in variants of which each differs from another in one thing."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
import yaml

from freehold.layouts.model import Instance
from freehold.pg.embedded import Embedded
from freehold.spec.model import Server, ServerKind

_SERVICES = ("market-data", "trading", "users")
_STOCK = {
    "shared_buffers": "128MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "4GB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "5min",
    "default_statistics_target": "100",
}
"""What PostgreSQL does when nobody says anything."""

_INDEXES = (
    "trading.orders_account_idx",
    "trading.orders_book_idx",
    "trading.orders_exchange_ref_idx",
)
"""The indexes for hot operations; those of keys stay in every variant, and so do those of ticks."""

_FILL = """
INSERT INTO market_history.instrument (symbol, name, asset_class, venue, currency, listed_on)
  SELECT 'S' || n, 'S', 'equity', 'X', 'EUR', '2020-01-01' FROM generate_series(1, 50) AS n;
INSERT INTO trading.instrument (symbol, asset_class, currency, tick_size)
  SELECT 'S' || n, 'equity', 'EUR', 0.01 FROM generate_series(1, 50) AS n;
INSERT INTO users.account (account_id, email, password_hash)
  SELECT md5(n::text)::uuid, n || '@example.org', '$argon2id$x' FROM generate_series(1, 2000) AS n;
INSERT INTO trading.orders
    (account_id, client_ref, exchange_ref, instrument_id, side, kind, quantity, limit_price, status)
  SELECT md5((1 + n %% 2000)::text)::uuid, 'before ' || n, 'X' || n, (SELECT min(instrument_id) FROM trading.instrument)
         + n %% 50, 'buy', 'limit', 1, 1 + n %% 97, CASE WHEN n %% 20 = 0 THEN 'open' ELSE 'cancelled' END
  FROM generate_series(1, %(orders)s) AS n;
ANALYZE;
"""


@dataclass(frozen=True)
class Variant:
    """A platform as it is measured; each differs from the one before it in one thing."""

    name: str
    layout: str = "central"
    indexed: bool = True
    tuned: bool = True
    pooled: bool = True


class Platform:
    """TREUM's busiest services under one variant, in a folder of its own."""

    def __init__(self, folder: Path, variant: Variant, orders: int) -> None:
        self._folder = folder
        self.variant = variant
        self.run("init", "--platform", "treum")
        self._declare(folder / "freehold.yaml")
        self.run("up", "--no-prove")
        if not variant.tuned:
            self._of_stock()
        self.urls = {name: self.run("url", name).strip() for name in _SERVICES}
        for name in _SERVICES:
            direct = self.run("url", name, "--direct").strip()
            self._fill(self._admin(direct, name), name, orders)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "FREEHOLD_DATA": str(self._folder / "data")}

    def _of_stock(self) -> None:
        """As many connections as PostgreSQL gives by itself: Freehold would refuse so few for these limits."""
        with psycopg.connect(self.run("url", "--admin", "main").strip(), autocommit=True) as session:
            session.execute("ALTER SYSTEM SET max_connections = 100")
        ours = Embedded("treum", str(self._folder / "freehold.yaml"), self._environment())
        ours.restart([Instance("main", Server("main", ServerKind.EMBEDDED), None, (), (), 0)])

    def run(self, *words: str) -> str:
        command = [sys.executable, "-m", "freehold", *words]
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode not in (0, 2):
            raise RuntimeError(done.stdout[-800:] + done.stderr[-800:])
        return done.stdout

    def _declare(self, path: Path) -> None:
        text = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
        text["layout"] = self.variant.layout
        text.pop("groups", None)
        if self.variant.pooled:
            text["pooler"] = "pgbouncer"
        kept = {name: text["services"][name] for name in _SERVICES}
        schemas = {schema for one in kept.values() for schema in one["schemas"]}
        for one in kept.values():
            one.pop("port", None)
            if isinstance(one.get("pool"), dict):
                one["pool"].pop("port", None)
            one["reads"] = [name for name in one.get("reads", []) if name.split(".")[0] in schemas]
            one["references"] = [ref for ref in one.get("references", []) if ref["to"].split(".")[0] in schemas]
            if not self.variant.tuned:
                for key in ("profile", "settings"):
                    one.pop(key, None)
        text["services"] = kept
        if not self.variant.tuned:
            text["servers"] = {"main": {"kind": "embedded", "settings": _STOCK}}
        path.write_text(yaml.safe_dump(text, sort_keys=False))

    def _admin(self, direct: str, service: str) -> str:
        instance = service if self.variant.layout == "instance-per-service" else "main"
        database = psycopg.conninfo.conninfo_to_dict(direct)["dbname"]
        return self.run("url", "--admin", instance).strip().replace("/postgres?", f"/{database}?")

    def _fill(self, admin: str, service: str, orders: int) -> None:
        mine = {"market-data": "market_history.", "trading": "trading.", "users": "users."}[service]
        with psycopg.connect(admin, autocommit=True) as session:
            # every service has its own database in some variants, and references are checked in none of them
            session.execute("SET session_replication_role = replica")
            for statement in (_FILL % {"orders": orders}).split(";\n"):
                if f"INSERT INTO {mine}" in statement or statement.startswith("ANALYZE"):
                    session.execute(statement.encode())
            if not self.variant.indexed and service == "trading":
                for name in _INDEXES:
                    session.execute(f"DROP INDEX {name}".encode())
