"""The process that cuts over is killed, or its watchdog is: the service is written again without a person."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time

import pytest

from support.bank import bank, everything_is_there, move, url
from support.moves_killed import begin, served_again, watchdogs
from support.traffic import transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
ROUNDS = 40 if os.environ.get("FREEHOLD_SOAK") == "1" else 3


def test_a_cutover_that_is_killed_at_any_moment_leaves_the_service_served() -> None:
    chance = random.Random(20261129)
    with bank("schema-per-service") as found:
        clients = transfers(url(found, "ledger"), url(found, "visits"))
        move(found, "start", "--to", "database-per-service")
        move(found, "verify")
        waits: list[float] = []
        with clients.running(2):
            for _ in range(ROUNDS):
                home = move(found, "status")["moves"][0]["home"]
                one = begin(found, "cutover" if home == "source" else "rollback", "--service", "ledger")
                deadline = time.monotonic() + 20
                while not watchdogs(found) and one.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.005)
                time.sleep(chance.random() * 0.4)
                os.killpg(one.pid, signal.SIGKILL)
                one.wait()
                waits.append(served_again(clients))
                while watchdogs(found):
                    time.sleep(0.05)
                move(found, "resume", "--service", "ledger")
        everything_is_there(found, clients)
        print({"served_again_s": [round(one, 3) for one in waits]})


def test_a_watchdog_that_is_killed_does_not_stop_a_cutover() -> None:
    with bank("schema-per-service") as found:
        clients = transfers(url(found, "ledger"), url(found, "visits"))
        move(found, "start", "--to", "database-per-service", "--service", "ledger")
        move(found, "verify")
        with clients.running(1):
            one = begin(found, "cutover")
            while not (dogs := watchdogs(found)) and one.poll() is None:
                time.sleep(0.002)
            for dog in dogs:
                os.kill(dog, signal.SIGKILL)
            assert one.wait(timeout=120) == 0
            served_again(clients)
        everything_is_there(found, clients)
