"""Ctrl-C in a copy and in a cutover, and a reader of the events that goes away: clients go on working, and the answer
says where things stand and what goes on."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess

import jsonschema
import psycopg
import pytest

from freehold.cli.documents import document_schema
from freehold.cli.schemas_of_moves import event_schema
from support.bank import bank, everything_is_there, url
from support.command import Desk
from support.moves_killed import BEYOND_S, served_again, streamed, until, watchdogs
from support.traffic import transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
MOVE = ("--service", "visits")
TWO_PARTS = "INSERT INTO visits.visit SELECT -n, repeat('x', 1000) FROM generate_series(3001, 80000) n"


def interrupted(process: subprocess.Popen[str], seen: list[dict[str, object]]) -> tuple[str, list[str]]:
    """Press Ctrl-C; what the command says, and the words of the command that goes on."""
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    *events, result = [*seen, *(json.loads(line) for line in out.splitlines())]
    accepts = jsonschema.Draft202012Validator(event_schema()).is_valid
    assert [event for event in events if not accepts(event)] == []
    jsonschema.validate(result, document_schema("move"))
    assert process.returncode == result["exit"] == 130, (result, err)
    error = result["error"]
    assert isinstance(error, dict)
    assert error["kind"] == "Interrupted", (error, err)
    assert error["message"] in err
    assert "Traceback" not in err
    return str(error["message"]), shlex.split(str(error["hint"]).split("`")[1])


def goes_on(found: Desk, words: list[str]) -> None:
    said = found.run(*words[1:], "--lag", "5s", "--pause", "20s", timeout_s=300)
    assert said.status == 0, said.all


def test_ctrl_c_says_where_things_stand_and_clients_go_on() -> None:
    with bank("schema-per-service") as found:
        visits = url(found, "visits")
        found.psql(found.run("url", "visits", "--role", "owner", "--direct").out.strip(), TWO_PARTS)
        clients = transfers(url(found, "ledger"), visits)
        with clients.running(1):
            copying = streamed(found, "start", *MOVE, "--to", "database-per-service", "--jobs", "1", "--no-backup")
            seen = until(copying, event="rows_copied", part=1, parts=2)
            said, words = interrupted(copying, seen)
            assert 'the move of service "visits" is structured; it is served at main/bank' in said
            assert words == ["freehold", "move", "resume", "--service", "visits"]
            served_again(clients)
            goes_on(found, words)
            shown = found.on_terminal(["move", "verify", *MOVE], timeout_s=300).all
            assert re.search(r"visits: [━─]{20} [\d,]+/[\d,]+ rows +[\d,]+ rows/s .*compared visits\.visit", shown), (
                shown
            )
            assert re.search(r"· visits: [\d,]+ rows: equal", shown), shown

            with psycopg.connect(visits) as held:
                held.execute("SELECT 1")  # an open transaction: the pool waits for it, with everybody behind it
                cutting = streamed(found, "cutover", *MOVE, "--lag", "5s", "--pause", "20s")
                said, words = interrupted(cutting, until(cutting, event="pause_begun"))
                assert 'the move of service "visits" is following; it is served at main/bank' in said
                assert words == ["freehold", "move", "cutover", "--service", "visits"]
            served_again(clients, within_s=20 + BEYOND_S)

            leaving = streamed(found, *words[2:], "--lag", "5s", "--pause", "20s")
            until(leaving, event="step_begun")
            assert leaving.stdout is not None
            assert leaving.stderr is not None
            leaving.stdout.close()  # the reader goes away before anybody is held back
            with leaving.stderr as stream:
                told = stream.read()
            assert leaving.wait(timeout=120) == 0, told
            assert "nobody reads the events any more (broken pipe); the work goes on" in told
            served_again(clients)
            status = found.run("move", "status", "--json").document()
            jsonschema.validate(status, document_schema("move"))
            assert [one["phase"] for one in status["moves"]] == ["switched"]  # type: ignore[attr-defined]
            assert not watchdogs(found)

            words = ["--to", "database-per-service", "--service", "ledger", "--no-backup", "--soak", "1h"]
            soaking = streamed(found, "auto", *words, "--lag", "5s", "--pause", "20s")
            said, words = interrupted(soaking, until(soaking, event="step_begun", step="soak"))
            assert 'the move of service "ledger" is switched; it is served at main/bank_ledger' in said
            assert words == ["freehold", "move", "complete", "--service", "ledger"]
            served_again(clients)
            goes_on(found, [*words, "--yes"])
            served_again(clients)
        everything_is_there(found, clients)
