"""A platform goes through the layouts and back while its services work: no commit is lost, no client meets an error."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from support.bank import bank, everything_is_there, move, url
from support.command import Desk
from support.traffic import transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
# the short form leaves out what TREUM goes through in test_move_examples.py
LAYOUTS = ("database-per-service", "instance-per-service", "schema-per-service") if SOAK else ("instance-per-service",)


def test_every_layout_and_back_under_load() -> None:
    with bank() as found:
        tour(found)


def tour(bank: Desk) -> None:
    clients = transfers(url(bank, "ledger"), url(bank, "visits"))
    pauses: list[float] = []
    with clients.running(3 if SOAK else 2):
        for layout in LAYOUTS:
            started = move(bank, "start", "--to", layout)
            assert len(started["moves"]) == 2
            assert {one["phase"] for one in move(bank, "status")["moves"]} == {"following"}
            assert all(one["verified"]["mismatches"] == 0 for one in move(bank, "verify")["moves"])
            back = SOAK or layout == "instance-per-service"
            for action in ("cutover", "rollback", "cutover") if back else ("cutover",):
                pauses += [one["pause_ms"] for one in move(bank, action)["moves"]]
            move(bank, "complete", "--yes")
            assert f"layout: {layout}  # where most begin" in (bank.folder / "freehold.yaml").read_text()
            plan = bank.run("plan", "--json")
            assert plan.status == 0, plan.all
        move(bank, "auto", "--to", "central")
    everything_is_there(bank, clients)
    print(
        json.dumps({"pauses_ms": pauses, "slowest_ms": clients.slowest_ms, "commits": len(clients.confirmed["ledger"])})
    )
    assert all(isinstance(one, float) for one in pauses)
    repaired = bank.run("apply", "--authoritative", "--allow-destroy", "--yes", timeout_s=300)
    assert repaired.status == 0, repaired.all
