"""Services go from PostgreSQL 15 to 18 and back, with a rollback, while their clients work: no commit is lost,
none is there twice, no client meets an error."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence

import pytest

from support.bank import bank, everything_is_there, move, url
from support.clusters import FOLDERS
from support.command import Desk
from support.traffic import transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(15 not in FOLDERS, reason="PostgreSQL 15 is not installed"),
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
# 15 starts no worker of any subscription until so long after the last one, by default 5 s
SETTINGS = "settings: {wal_retrieve_retry_interval: 200ms}"
SERVERS = f"{{main: {{binaries: {FOLDERS.get(15)}, {SETTINGS}}}, new: embedded}}"
LEFT = """
SELECT rolname FROM pg_catalog.pg_roles WHERE rolname LIKE 'freehold%'
UNION ALL SELECT subname FROM pg_catalog.pg_subscription UNION ALL SELECT slot_name FROM pg_catalog.pg_replication_slots
"""


def test_to_a_newer_version_and_back_under_load() -> None:
    with bank("schema-per-service", SERVERS) as found:
        clients = transfers(url(found, "ledger"), url(found, "visits"))
        admins = {"main": admin(found, "main")}
        pauses: list[float] = []
        with clients.running(2):
            # the way back of the first one goes to the older version too
            for instance in ("new", "main") if SOAK else ("new",):
                pauses += whole(found, instance, admins, ("rollback", "verify", "cutover"))
                assert homes(found) == {"ledger": instance, "visits": instance}
        everything_is_there(found, clients)
        print(
            json.dumps(
                {"pauses_ms": pauses, "slowest_ms": clients.slowest_ms, "commits": len(clients.confirmed["ledger"])}
            )
        )


def whole(found: Desk, instance: str, admins: dict[str, str], again: Sequence[str]) -> list[float]:
    """Both services to the instance, and what is done ``again`` before the end; the pauses of the switches in ms.
    ``admins`` are connection strings of both instances afterwards."""
    for service, more in (("ledger", ()), ("visits", ("--no-backup",))):
        move(found, "start", "--service", service, "--to-instance", instance, *more)
    assert {one["phase"] for one in move(found, "status")["moves"]} == {"following"}
    pauses = []
    for action in ("verify", "cutover", *again):
        told = move(found, action)["moves"]
        assert len(told) == 2
        if action == "verify":
            assert all(one["verified"]["mismatches"] == 0 and one["verified"]["rows"] > 0 for one in told)
        else:
            pauses += [one["pause_ms"] for one in told]
    admins[instance] = admin(found, instance)
    followed = [row for url in admins.values() for row in found.psql(url, "SELECT subconninfo FROM pg_subscription")]
    assert len(followed) == 2
    assert all("user='freehold_mv_" in str(told) for (told,) in followed)
    move(found, "complete", "--yes")
    assert not [row for url in admins.values() for row in found.psql(url, LEFT)]
    return pauses


def admin(found: Desk, instance: str) -> str:
    return found.run("url", "--admin", instance).out.strip()


def homes(found: Desk) -> dict[str, str]:
    services = found.run("status", "--json").document()["services"]
    return {one["name"]: one["instance"] for one in services}
