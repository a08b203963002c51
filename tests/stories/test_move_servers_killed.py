"""PgBouncer or a server is killed while a service is cut over: the service is written again without a person, and no
commit that a client was told of is lost. Clients meet errors then, and connect anew."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from support.bank import bank, everything_is_there, move, url
from support.command import Desk
from support.moves_killed import begin, served_again, watchdogs
from support.traffic import transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
VICTIMS = ("pool", "source", "target")
ROUNDS = 12 if SOAK else 1


def pool(found: Desk) -> int:
    """The process id of the PgBouncer of the ledger."""
    (file,) = found.data.rglob("pools/ledger/0.pid")
    return int(file.read_text())


def server(found: Desk, instance: str) -> int:
    """The process id of an instance's postmaster."""
    (file,) = [path for path in found.data.rglob("postmaster.pid") if instance in path.parent.parts]
    return int(file.read_text().split("\n")[0])


def up_again(found: Desk) -> None:
    """Start what died. While the switch is still being ended a plan may be stale; the command says: run it again."""
    for _ in range(10):
        back = found.run("up", "--no-prove", timeout_s=300)
        if back.status == 0 or "since the plan was made" not in back.all:
            break
    assert back.status == 0, back.all


@pytest.mark.parametrize("victim", VICTIMS)
def test_what_a_cutover_needs_is_killed_in_the_middle(victim: str) -> None:
    chance = random.Random(f"20261129 {victim}")
    with bank("schema-per-service") as found:
        move(found, "start", "--to", "instance-per-service", "--service", "ledger")
        move(found, "verify")
        clients = transfers(url(found, "ledger"), url(found, "visits"), reconnects=True)
        told: list[tuple[str, float]] = []
        with clients.running(2):
            for _ in range(ROUNDS):
                home = str(move(found, "status")["moves"][0]["home"])
                target = pool(found) if victim == "pool" else server(found, "main" if victim == "source" else "ledger")
                one = begin(found, "cutover" if home == "source" else "rollback", "--service", "ledger")
                deadline = time.monotonic() + 20
                while not watchdogs(found) and one.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.005)
                time.sleep(chance.random() * 0.4)
                os.kill(target, signal.SIGKILL)
                if victim != "pool":
                    up_again(found)
                told.append((home, round(served_again(clients), 3)))
                one.wait(timeout=120)
                while watchdogs(found):
                    time.sleep(0.05)
                if victim == "pool" and not Path(f"/proc/{pool(found)}").exists():
                    assert found.run("pool", "start").status == 0
                move(found, "resume", "--service", "ledger")
                served_again(clients)
        everything_is_there(found, clients)
        print({victim: told, "errors": len(clients.errors), "in doubt": len(clients.doubtful)})
