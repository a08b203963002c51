"""A cutover that is killed while nobody waits yet leaves a slot that keeps WAL: status says so, resume ends it."""

from __future__ import annotations

import os
import shutil
import signal
import time

import jsonschema
import pytest

from freehold.cli.documents import document_schema
from support.bank import bank, everything_is_there, move, url
from support.command import Desk, Said
from support.moves_killed import streamed, until, watchdogs
from support.traffic import transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
GONE_S = 30.0
"""Until the server has ended the sessions of a process that was killed."""
WAL = "SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000)), pg_switch_wal()"


def killed_before_the_pause(found: Desk) -> None:
    """A cutover for which no row crosses quickly enough, killed while it waits for one."""
    one = streamed(found, "cutover", "--lag", "0ms")
    until(one, event="step_begun", step="steady")
    os.killpg(one.pid, signal.SIGKILL)
    one.communicate()
    assert not watchdogs(found)


def admin(found: Desk, database: str, sql: str) -> list[tuple[object, ...]]:
    where = found.run("url", "--admin", "main").out.strip().replace("/postgres?", f"/{database}?")
    return found.psql(where, sql)


def status(found: Desk) -> tuple[Said, dict[str, dict[str, object]]]:
    """What status says, and the slots of the only move by their direction."""
    said = found.run("move", "status", "--json")
    jsonschema.validate(said.document(), document_schema("move"))
    (one,) = said.document()["moves"]  # type: ignore[misc]
    return said, {str(slot["direction"]): slot for slot in one["slots"]}


def until_status(found: Desk, exit_code: int) -> dict[str, dict[str, object]]:
    deadline = time.monotonic() + GONE_S
    while True:
        said, slots = status(found)
        if said.status == exit_code:
            return slots
        assert time.monotonic() < deadline, said.all
        time.sleep(0.05)


def size(slot: dict[str, object]) -> int:
    return int(str(slot["retained_bytes"]))


def test_a_slot_that_a_killed_cutover_leaves_is_named_and_ended() -> None:
    with bank("schema-per-service") as found:
        clients = transfers(url(found, "ledger"), url(found, "visits"))
        move(found, "start", "--to", "database-per-service", "--service", "visits", "--no-backup")
        move(found, "verify")
        with clients.running(1):
            said, slots = status(found)
            assert (said.status, {*slots}) == (0, {"forward"}), said.all
            assert (slots["forward"]["side"], slots["forward"]["followed"]) == ("source", True)

            killed_before_the_pause(found)
            slots = until_status(found, 2)
            told = {key: slots["reverse"][key] for key in ("side", "active", "followed", "abandoned")}
            assert told == {"side": "target", "active": False, "followed": False, "abandoned": True}
            assert slots["forward"]["abandoned"] is False
            admin(found, "bank", WAL)
            assert size(status(found)[1]["reverse"]) >= size(slots["reverse"]) + 1_000_000
            text = found.run("move", "status")
            assert text.status == 2
            assert f'slot "{slots["reverse"]["name"]}" keeps ' in text.out
            assert "`freehold move resume --service visits` goes on" in text.out

            move(found, "resume")
            assert {*until_status(found, 0)} == {"forward"}

            # as a process leaves it that is killed between making the slot and the subscription
            killed_before_the_pause(found)
            name = until_status(found, 2)["reverse"]["name"]
            for sql in ("DISABLE", "SET (slot_name = NONE)"):
                admin(found, "bank", f"ALTER SUBSCRIPTION {name} {sql}")
            admin(found, "bank", f"DROP SUBSCRIPTION {name}")
            assert "reverse" in until_status(found, 2)
            move(found, "resume")
            assert {*until_status(found, 0)} == {"forward"}

            killed_before_the_pause(found)
            before = until_status(found, 2)["reverse"]
            move(found, "cutover")
            after = until_status(found, 0)
            assert {*after} == {"reverse"}
            assert (after["reverse"]["name"], after["reverse"]["followed"]) == (before["name"], True)
        everything_is_there(found, clients)


def test_a_slot_that_a_killed_start_leaves_is_named_and_goes_on() -> None:
    with bank("schema-per-service") as found:
        begin = ("start", "--to", "database-per-service", "--service", "ledger", "--no-backup")
        one = streamed(found, *begin)
        until(one, event="rows_copied")
        os.killpg(one.pid, signal.SIGKILL)
        one.communicate()
        assert until_status(found, 2)["forward"]["abandoned"] is True
        text = found.run("move", "status").out
        assert "`freehold move resume --service ledger` goes on" in text
        assert "`freehold move abort --service ledger` gives the move up" in text
        move(found, "resume", "--no-backup")
        assert until_status(found, 0)["forward"]["followed"] is True
