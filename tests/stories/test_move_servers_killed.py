"""PgBouncer or a server is killed while a service is cut over: the service is written again without a person, and no
commit that a client was told of is lost. Clients meet errors then, and connect anew."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from support.bank import bank, everything_is_there, move, url
from support.command import Desk
from support.moves_killed import begin, served_again, streamed, until, watchdogs
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


def pid_file(found: Desk, instance: str) -> Path:
    """Where an instance's postmaster has its process id."""
    (file,) = [path for path in found.data.rglob("postmaster.pid") if instance in path.parent.parts]
    return file


def server(found: Desk, instance: str) -> int:
    """The process id of an instance's postmaster."""
    return int(pid_file(found, instance).read_text().split("\n")[0])


def up_again(found: Desk) -> None:
    """Start what died, while the switch may still be being ended."""
    back = found.run("up", "--no-prove", timeout_s=300)
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


@contextmanager
def lost(found: Desk, instance: str, way: str) -> Iterator[None]:
    """A server that died as if a person had stopped it, so that the watchdog leaves it down; or one that takes
    connections and answers none of them."""
    file, postmaster = pid_file(found, instance), server(found, instance)
    if way == "gone":
        os.kill(postmaster, signal.SIGKILL)
        file.unlink()
        yield
        return
    os.kill(postmaster, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(postmaster, signal.SIGCONT)


@pytest.mark.parametrize("way", ["gone", "silent"] if SOAK else ["gone"])
def test_clients_of_the_open_side_go_on_although_the_other_server_is_lost(way: str) -> None:
    """Neither the process that cuts over nor the server to which it would answers any more."""
    with bank("schema-per-service") as found:
        move(found, "start", "--to", "instance-per-service", "--service", "ledger", "--no-backup")
        clients = transfers(url(found, "ledger"), url(found, "visits"))
        with clients.running(2):
            with ExitStack() as broken:
                with psycopg.connect(url(found, "ledger")) as held:
                    held.execute("SELECT 1")  # an open transaction: the pool waits for it, and nothing is closed yet
                    cutting = streamed(found, "cutover", "--service", "ledger", "--unverified", "--lag", "5s")
                    until(cutting, event="pause_begun")
                    broken.enter_context(lost(found, "ledger", way))
                    # the pool comes to rest while its console is open: a pause that waits would end with the process
                    os.killpg(cutting.pid, signal.SIGSTOP)
                time.sleep(0.3)
                os.killpg(cutting.pid, signal.SIGKILL)
                cutting.communicate()
                waited = served_again(clients)
                deadline = time.monotonic() + 60
                while watchdogs(found):
                    assert time.monotonic() < deadline, "the watchdog waits for a server that it does not need"
                    time.sleep(0.05)
                if way == "gone":
                    assert found.run("move", "status").status == 3
            up_again(found)
            assert move(found, "cutover", "--service", "ledger", "--unverified")["ok"] is True
            served_again(clients)
        everything_is_there(found, clients)
        print({"lost": way, "served again after s": round(waited, 3)})
