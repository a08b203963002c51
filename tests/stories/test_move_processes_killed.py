"""The process that cuts over is killed, or its watchdog is: the service is written again without a person."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time

import pytest

from support.bank import bank, everything_is_there, move, url
from support.command import Desk
from support.moves_killed import PAUSED, SERVED, UNWATCHED, WATCHED, Moment, begin, killed_at, served_again, watchdogs
from support.traffic import Clients, transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
DURING: tuple[Moment, ...] = (WATCHED, *PAUSED, SERVED) * 5 if SOAK else (PAUSED[5],)
"""The home closes; the other opens. The kill comes a little later, so between them lies what is in the middle."""
ENDING: tuple[Moment, ...] = (*PAUSED, SERVED, UNWATCHED) * 2 if SOAK else (PAUSED[6], UNWATCHED)
LATER_S = 0.03


def test_clients_that_are_not_served_are_noticed() -> None:
    with pytest.raises(AssertionError):
        served_again(Clients({}, confirmed={"ledger": {1}}), within_s=0.05)


def away_from(found: Desk) -> str:
    """The switch that is next."""
    (one,) = [one for one in move(found, "status")["moves"] if one["service"] == "ledger"]  # type: ignore[attr-defined]
    return "cutover" if one["home"] == "source" else "rollback"


def test_a_cutover_that_is_killed_at_any_moment_leaves_the_service_served_in_time() -> None:
    chance = random.Random(20261129)
    with bank("schema-per-service") as found:
        clients = transfers(url(found, "ledger"), url(found, "visits"))
        move(found, "start", "--to", "database-per-service")
        move(found, "verify")
        waits: list[tuple[str, float]] = []
        with clients.running(2):
            for moment in DURING:
                killed_at(found, moment, chance.random() * LATER_S, away_from(found), "--service", "ledger")
                waits.append((" ".join(moment.values()), round(served_again(clients), 3)))
                while watchdogs(found):
                    time.sleep(0.05)
                move(found, "resume", "--service", "ledger")
        everything_is_there(found, clients)
        print({"served again after s": waits})


def test_an_up_after_a_cutover_that_was_killed_leads_to_the_home_that_is_open() -> None:
    """Nobody says resume: who finds a machine in disorder says up, and clients write at once."""
    chance = random.Random(20261130)
    with bank("schema-per-service") as found:
        ledger = url(found, "ledger")
        clients = transfers(ledger, url(found, "visits"))
        move(found, "start", "--to", "database-per-service", "--service", "ledger")
        move(found, "verify")
        with clients.running(2):
            for moment in ENDING:
                killed_at(found, moment, chance.random() * LATER_S, away_from(found), "--service", "ledger")
                up = found.run("up", "--no-prove", timeout_s=300)
                assert up.status == 0, (moment, up.all)
                found.psql(ledger, "UPDATE ledger.account SET balance = balance WHERE id = 1")
                served_again(clients)
                while watchdogs(found):
                    time.sleep(0.05)
                # what follows goes on too: a switch that the up forgot could not be made the other way
                assert move(found, away_from(found), "--service", "ledger")["ok"] is True
                served_again(clients)
        everything_is_there(found, clients)


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
