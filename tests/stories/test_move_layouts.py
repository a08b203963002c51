"""A platform goes through the layouts and back while its services work: no commit is lost, no client meets an error."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator

import pytest

from support.command import Desk, desk
from support.traffic import Transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"

DECLARATION = """\
platform: bank
server: embedded
layout: central  # where most begin
pooler: pgbouncer
services:
  ledger:
    schemas: [ledger]
    migrations: ledger
    pool: 6
  visits:
    schemas: [visits]
    migrations: visits
    pool: 6
"""
LEDGER = """
CREATE TABLE account (id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance > -1000000));
INSERT INTO account SELECT n, 1000 FROM generate_series(1, 50) n;
CREATE TABLE line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number bigint NOT NULL UNIQUE,
    one bigint NOT NULL REFERENCES account, two bigint NOT NULL REFERENCES account,
    at timestamptz NOT NULL DEFAULT now());
CREATE INDEX line_one ON line (one);
"""
VISITS = """
CREATE TABLE visit (number bigint NOT NULL, note text, at timestamptz NOT NULL DEFAULT now());
INSERT INTO visit SELECT -n, 'before' FROM generate_series(1, 3000) n;
"""


@pytest.fixture
def bank() -> Iterator[Desk]:
    with desk() as found:
        (found.folder / "freehold.yaml").write_text(DECLARATION)
        for name, text in (("ledger", LEDGER), ("visits", VISITS)):
            (found.folder / name).mkdir()
            (found.folder / name / "1.sql").write_text(text)
        up = found.run("up", "--no-prove", timeout_s=300)
        assert up.status == 0, up.all
        yield found


def url(found: Desk, service: str) -> str:
    return found.run("url", service).out.strip()


def move(found: Desk, *words: str) -> dict[str, object]:
    said = found.run("move", *words, "--json", "--lag", "5s", "--pause", "20s", timeout_s=600)
    assert said.status == 0, said.all
    return said.document()


def everything_is_there(found: Desk, clients: Transfers) -> None:
    """Each confirmed row once and no other, every balance as the lines say, every sequence past its rows."""
    assert clients.errors == []
    ledger = url(found, "ledger")
    lines = found.psql(ledger, "SELECT number, one, two FROM ledger.line")
    assert sorted(row[0] for row in lines) == sorted(clients.confirmed["ledger"])
    wanted = dict.fromkeys(range(1, 51), 1000)
    for _, one, two in lines:
        wanted[one] -= 1
        wanted[two] += 1
    assert dict(found.psql(ledger, "SELECT id, balance FROM ledger.account")) == wanted
    seen = [row[0] for row in found.psql(url(found, "visits"), "SELECT number FROM visits.visit WHERE number > 0")]
    assert sorted(seen) == sorted(clients.confirmed["visits"])


def test_every_layout_and_back_under_load(bank: Desk) -> None:
    clients = Transfers(url(bank, "ledger"), url(bank, "visits"))
    pauses: list[float] = []
    with clients.running(3 if SOAK else 2):
        for layout in ("database-per-service", "instance-per-service", "schema-per-service"):
            started = move(bank, "start", "--to", layout)
            assert len(started["moves"]) == 2
            assert {one["phase"] for one in move(bank, "status")["moves"]} == {"following"}
            for action in ("cutover", "rollback", "cutover"):
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
