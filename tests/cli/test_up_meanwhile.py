"""The servers change between the plan that a command makes and the lock under which it applies it."""

from __future__ import annotations

import time

import psycopg
import pytest

from support.command import Desk, Said

DECLARATION = "platform: shop\nlayout: schema-per-service\nservices:\n  orders: {schemas: [orders]}\n"
LOCK = "pg_advisory_lock(hashtextextended('freehold:shop', 0))"
WAITING = "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%pg_try_advisory_lock%'"
ANEW = "the servers were changed meanwhile: planning anew"


def meanwhile(bench: Desk, *words: str) -> tuple[Said, bool]:
    """Add a service, and change the servers while a command waits for the lock with its plan in the hand; what it says,
    and whether it made the service."""
    (bench.folder / "freehold.yaml").write_text(DECLARATION)
    first = bench.run("up", "--no-prove")
    assert first.status == 0, first.all
    (bench.folder / "freehold.yaml").write_text(DECLARATION + "  users: {schemas: [users]}\n")
    bench.run("plan", "--out", "kept.plan")
    admin = bench.run("url", "--admin", "main").out.strip()
    with (
        psycopg.connect(admin, autocommit=True) as other,
        psycopg.connect(admin, dbname="shop", autocommit=True) as here,
    ):
        other.execute(f"SELECT {LOCK}".encode())
        again = bench.start(*words)
        deadline = time.monotonic() + 60
        while not other.execute(WAITING.encode()).fetchall():
            assert again.poll() is None, again.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        here.execute("GRANT USAGE ON SCHEMA orders TO shop_monitor")
        other.execute(f"SELECT {LOCK.replace('_lock(', '_unlock(')}".encode())
        said, _ = again.communicate(timeout=120)
        made = here.execute("SELECT nspname FROM pg_namespace WHERE nspname = 'users'").fetchall()
        return Said(again.returncode, said, ""), made == [("users",)]


@pytest.mark.parametrize("words", [("up", "--no-prove"), ("apply", "--yes", "--wait", "60")], ids=["up", "apply"])
def test_a_command_plans_anew_when_the_servers_change_under_its_plan(bench: Desk, words: tuple[str, ...]) -> None:
    said, made = meanwhile(bench, *words)
    assert said.status == 0, said.all
    assert ANEW in said.out
    assert made


def test_a_plan_that_somebody_approved_is_refused_when_the_servers_change_under_it(bench: Desk) -> None:
    said, made = meanwhile(bench, "apply", "kept.plan", "--wait", "60")
    assert said.status == 1, said.all
    assert "the servers were changed since the plan was made" in said.out
    assert ANEW not in said.out
    assert not made
