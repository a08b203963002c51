"""Where an apply and a client wait for each other, it is the apply that gives way and comes again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from freehold.plan.model import Design
from freehold.ports import Servers
from freehold.spec.model import Migrations, Service
from freehold.sqltext import keyword, sql
from support.applying import Workshop, sql_file
from support.plans import platform

MAKE = sql_file("1.sql", "create table a (id int); create table b (id int)")
AT_ONCE = sql_file("2.sql", "alter table a add n int; alter table b add n int")
LATER = sql_file("2.sql", "alter table a add n int; select pg_sleep(0.3); alter table b add n int")
HAS_A = keyword(
    "SELECT 1 FROM pg_locks WHERE relation = 'shop.a'::regclass AND mode = 'AccessExclusiveLock' AND granted"
)
WANTS_B = keyword("SELECT 1 FROM pg_locks WHERE relation = 'shop.b'::regclass AND NOT granted")


class Strict(Workshop):
    """What is not as declared is changed."""

    def design(self) -> Design:
        return replace(super().design(), authoritative=True)


@pytest.mark.parametrize("case", ["a batch that waits", "a migration that waits", "a client that waits"])
def test_a_client_does_not_fail_for_an_apply(servers: Servers, tmp_path: Path, case: str) -> None:
    """The client has b and wants a, the apply has a and wants b; ``case`` says who waited when the other came."""
    service = Service("shop", ("shop",), migrations=Migrations(folder="m"))
    work = Strict(servers, tmp_path, platform(service), {"shop": (MAKE,)})
    work.apply()
    client, watcher = servers.admin("main", "shop_shop"), servers.admin("main", "shop_shop")
    client.execute(keyword("SET lock_timeout = 0"))
    if case == "a batch that waits":
        for name in ("a", "b"):
            watcher.execute(sql("ALTER TABLE shop.{} OWNER TO CURRENT_USER", keyword(name)))
        assert [step.kind for step in work.plan().steps] == ["object_owner", "object_owner"]
    else:
        work.migrations = {"shop": (MAKE, LATER if case == "a client that waits" else AT_ONCE)}
    with ThreadPoolExecutor() as pool:
        with client.transaction():
            client.execute(keyword("LOCK TABLE shop.b IN ROW EXCLUSIVE MODE"))
            applied = pool.submit(work.apply)
            deadline = time.monotonic() + 60
            while not watcher.query(HAS_A if case == "a client that waits" else WANTS_B):
                assert time.monotonic() < deadline
                assert not applied.done(), "the apply never waited"
                time.sleep(0.01)
            if case != "a client that waits":
                time.sleep(1.2)  # whoever waits looks once, after a second: the circle is closed behind its back
            client.execute(keyword("LOCK TABLE shop.a IN ROW EXCLUSIVE MODE"))
        assert applied.result(timeout=60).failed == 0
    assert any("lock" in one for one in work.heard.said), work.heard.said
    assert work.sentences() == []
