"""The servers change between the plan that ``up`` makes and the lock under which it applies it."""

from __future__ import annotations

import time

import psycopg

from support.command import Desk

DECLARATION = "platform: shop\nlayout: schema-per-service\nservices:\n  orders: {schemas: [orders]}\n"
LOCK = "pg_advisory_lock(hashtextextended('freehold:shop', 0))"
WAITING = "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%pg_try_advisory_lock%'"


def test_up_plans_anew_when_the_servers_change_under_its_plan(bench: Desk) -> None:
    (bench.folder / "freehold.yaml").write_text(DECLARATION)
    first = bench.run("up", "--no-prove")
    assert first.status == 0, first.all
    (bench.folder / "freehold.yaml").write_text(DECLARATION + "  users: {schemas: [users]}\n")
    admin = bench.run("url", "--admin", "main").out.strip()
    with (
        psycopg.connect(admin, autocommit=True) as other,
        psycopg.connect(admin, dbname="shop", autocommit=True) as here,
    ):
        other.execute(f"SELECT {LOCK}".encode())
        again = bench.start("up", "--no-prove")
        deadline = time.monotonic() + 60
        while not other.execute(WAITING.encode()).fetchall():
            assert again.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        here.execute("GRANT USAGE ON SCHEMA orders TO shop_monitor")
        other.execute(f"SELECT {LOCK.replace('_lock(', '_unlock(')}".encode())
        said, _ = again.communicate(timeout=120)
        assert again.returncode == 0, said
        assert "the servers were changed meanwhile: planning anew" in said
        assert here.execute("SELECT nspname FROM pg_namespace WHERE nspname = 'users'").fetchall() == [("users",)]
