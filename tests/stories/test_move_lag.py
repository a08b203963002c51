"""How far behind a copy is in seconds: by a row that crosses as all others do, both ways, and leaves nothing."""

from __future__ import annotations

import shutil
import time

import jsonschema
import psycopg
import pytest

from freehold.cli.documents import document_schema
from support.bank import bank, move
from support.command import Desk

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
PROBES = "SELECT count(*) FROM freehold.move_barrier WHERE token LIKE 'status:%'"
SIDES = {"source": "bank", "target": "bank_visits"}
COMES_S = 30.0
"""PostgreSQL 15 may take 5 s to start what follows; the machine is busy."""


def admin(found: Desk, database: str) -> str:
    return found.run("url", "--admin", "main").out.strip().replace("/postgres?", f"/{database}?")


def lag(found: Desk, action: str = "status") -> tuple[object, object]:
    said = found.run("move", action, "--json")
    assert said.status in (0, 2), said.all
    jsonschema.validate(said.document(), document_schema("move"))
    (one,) = said.document()["moves"]  # type: ignore[misc]
    return one["lag_s"], one["lag_limit_s"]


def probes(found: Desk) -> dict[str, object]:
    return {side: found.psql(admin(found, database), PROBES)[0][0] for side, database in SIDES.items()}


def crosses(found: Desk) -> float:
    """The lag, once what follows has begun to."""
    deadline = time.monotonic() + COMES_S
    while (seen := lag(found))[0] is None:
        assert time.monotonic() < deadline, seen
    took, limit = seen
    assert isinstance(took, float)
    assert isinstance(limit, float)
    assert 0 < took <= limit
    return took


def held_up(found: Desk, database: str) -> None:
    """While the row cannot come, nothing is claimed; afterwards it comes again."""
    with psycopg.connect(admin(found, database)) as holder:
        holder.execute("LOCK TABLE freehold.move_barrier IN SHARE MODE")
        took, limit = lag(found)
        assert (took, limit) == (None, 1.0)
        told = found.run("move", "status").out
        assert "more than 1 s" in told
    crosses(found)


def test_lag_in_seconds_both_ways() -> None:
    with bank("schema-per-service") as found:
        move(found, "start", "--to", "database-per-service", "--service", "visits", "--no-backup")
        crosses(found)
        held_up(found, "bank_visits")
        (verified,) = move(found, "verify")["moves"]  # type: ignore[misc]
        assert (verified["lag_s"], verified["lag_limit_s"]) == (None, None)
        move(found, "cutover")
        crosses(found)
        held_up(found, "bank")

        found.psql(admin(found, "bank"), f"ALTER SUBSCRIPTION {_followed(found)} DISABLE")
        deadline = time.monotonic() + COMES_S
        while lag(found) != (None, None):
            assert time.monotonic() < deadline
        assert probes(found)["target"] == 0, "a row was written that nothing carries"
        move(found, "resume")
        crosses(found)
        deadline = time.monotonic() + COMES_S
        while probes(found) != {"source": 0, "target": 0}:
            assert time.monotonic() < deadline, probes(found)
        move(found, "complete", "--yes")
        assert found.run("move", "status", "--json").document()["moves"] == []
        assert probes(found) == {"source": 0, "target": 0}


def _followed(found: Desk) -> str:
    (one,) = found.run("move", "status", "--json").document()["moves"]  # type: ignore[misc]
    return str(one["slots"][0]["name"])
