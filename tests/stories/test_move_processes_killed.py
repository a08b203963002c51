"""The process that cuts over is killed, or its watchdog is: the service is written again without a person."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from support.bank import bank, everything_is_there, move, url
from support.command import PROGRAM, Desk
from support.traffic import Transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
ROUNDS = 40 if os.environ.get("FREEHOLD_SOAK") == "1" else 3
SERVED_AGAIN_S = 30.0
"""Far above the limit of the pause: machines that run tests are busy. What is measured is printed."""


def begin(found: Desk, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*PROGRAM, "move", *words, "--lag", "5s"],
        cwd=found.folder,
        env=found.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def watchdog() -> list[int]:
    """Process ids of watchdogs of moves."""
    told = subprocess.run(["pgrep", "-f", "freehold move watchdog"], capture_output=True, text=True, check=False)
    return [int(line) for line in told.stdout.split()]


def served_again(clients: Transfers) -> float:
    """How long until each service confirms a write again, in s."""
    began = time.monotonic()
    before = {name: len(numbers) for name, numbers in clients.confirmed.items()}
    while any(len(clients.confirmed[name]) == count for name, count in before.items()):
        assert not clients.errors, clients.errors
        assert time.monotonic() - began < SERVED_AGAIN_S
        time.sleep(0.01)
    return time.monotonic() - began


def test_a_cutover_that_is_killed_at_any_moment_leaves_the_service_served() -> None:
    chance = random.Random(20261129)
    with bank("schema-per-service") as found:
        clients = Transfers(url(found, "ledger"), url(found, "visits"))
        move(found, "start", "--to", "database-per-service")
        move(found, "verify")
        waits: list[float] = []
        with clients.running(2):
            for _ in range(ROUNDS):
                home = move(found, "status")["moves"][0]["home"]
                one = begin(found, "cutover" if home == "source" else "rollback", "--service", "ledger")
                deadline = time.monotonic() + 20
                while not watchdog() and one.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.005)
                time.sleep(chance.random() * 0.4)
                os.killpg(one.pid, signal.SIGKILL)
                one.wait()
                waits.append(served_again(clients))
                while watchdog():
                    time.sleep(0.05)
                move(found, "resume", "--service", "ledger")
        everything_is_there(found, clients)
        print({"served_again_s": [round(one, 3) for one in waits]})


def test_a_watchdog_that_is_killed_does_not_stop_a_cutover() -> None:
    with bank("schema-per-service") as found:
        clients = Transfers(url(found, "ledger"), url(found, "visits"))
        move(found, "start", "--to", "database-per-service", "--service", "ledger")
        move(found, "verify")
        with clients.running(1):
            one = begin(found, "cutover")
            while not (dogs := watchdog()) and one.poll() is None:
                time.sleep(0.002)
            for dog in dogs:
                os.kill(dog, signal.SIGKILL)
            assert one.wait(timeout=120) == 0
            served_again(clients)
        everything_is_there(found, clients)
