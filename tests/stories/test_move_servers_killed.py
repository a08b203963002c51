"""PgBouncer or a server is killed while a service is cut over: the service is written again without a person, and no
commit that a client was told of is lost. Clients meet errors then, and connect anew."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
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


@pytest.mark.parametrize("way", ["gone", "silent"] if SOAK else ["gone"])
def test_clients_of_the_open_side_go_on_although_the_other_server_is_gone(way: str) -> None:
    """Neither the process that cuts over nor the server to which it would is there any more, nor comes back; or the
    server takes connections and answers none of them."""
    with bank("schema-per-service") as found:
        move(found, "start", "--to", "instance-per-service", "--service", "ledger", "--no-backup")
        clients = transfers(url(found, "ledger"), url(found, "visits"))
        with clients.running(2):
            with psycopg.connect(url(found, "ledger")) as held:
                held.execute("SELECT 1")  # an open transaction: the pool waits for it, and nothing is closed yet
                cutting = streamed(found, "cutover", "--service", "ledger", "--unverified", "--lag", "5s")
                until(cutting, event="pause_begun")
                file, postmaster = pid_file(found, "ledger"), server(found, "ledger")
                if way == "gone":
                    os.kill(postmaster, signal.SIGKILL)
                    file.unlink()  # as if a person had stopped it: the watchdog leaves it down
                else:
                    os.kill(postmaster, signal.SIGSTOP)
                os.killpg(cutting.pid, signal.SIGKILL)
                cutting.communicate()
            waited = served_again(clients)
            deadline = time.monotonic() + 60
            while watchdogs(found):
                assert time.monotonic() < deadline, "the watchdog waits for a server that it does not need"
                time.sleep(0.05)
            if way == "silent":
                os.kill(postmaster, signal.SIGCONT)
            else:
                assert found.run("move", "status").status == 3
                up_again(found)
            assert move(found, "cutover", "--service", "ledger", "--unverified")["ok"] is True
            served_again(clients)
        everything_is_there(found, clients)
        print({way: "the other server", "served again after s": round(waited, 3)})
