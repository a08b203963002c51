"""The nine services of TREUM: up, proved, broken by hand, seen, repaired, stopped, started, removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import Desk, desk

pytestmark = pytest.mark.xdist_group("treum")


@pytest.fixture(scope="module")
def treum() -> Iterator[Desk]:
    with desk() as found:
        assert found.run("init", "--platform", "treum").status == 0
        yield found


def admin(found: Desk) -> str:
    return found.run("url", "--admin", "main").out.strip()


def test_treum_lives_its_life(treum: Desk) -> None:
    up = treum.run("up", "--json", timeout_s=300)
    assert up.status == 0, up.all
    document = up.document()
    proof = document["proof"]
    assert isinstance(proof, dict)
    assert proof["passed"] is True
    assert proof["attempts"] > 5000
    assert len({(cell["actor"], cell["target"]) for cell in proof["matrix"]}) >= 72
    services = document["services"]
    assert isinstance(services, list)
    assert len(services) == 9

    # a service keeps something
    account = "11111111-1111-1111-1111-111111111111"
    payments = treum.run("url", "payments").out.strip()
    treum.psql(payments, f"INSERT INTO payments.wallet (account_id, currency) VALUES ('{account}', 'EUR')")

    # somebody opens a door by hand
    treum.psql(admin(treum), "GRANT CONNECT ON DATABASE treum_payments TO treum_trading_app")
    database = admin(treum).replace("/postgres?", "/treum_payments?")
    treum.psql(database, "GRANT USAGE ON SCHEMA payments TO treum_trading_app")
    treum.psql(database, "GRANT SELECT ON payments.wallet TO treum_trading_app")
    red = treum.run("prove", "--json", timeout_s=300)
    assert red.status == 2, red.all
    violations = red.document()["violations"]
    assert isinstance(violations, list)
    told = " ".join(str(violation) for violation in violations)
    assert "treum_trading_app" in told
    assert "payments" in told
    assert all(violation["remedy"] for violation in violations)
    diff = treum.run("diff")
    assert diff.status == 2
    assert "treum_trading_app" in diff.out

    # the remedy closes it
    repaired = treum.run("apply", "--authoritative", "--allow-destroy", "--yes")
    assert repaired.status == 0, repaired.all
    green = treum.run("prove", timeout_s=300)
    assert green.status == 0, green.out

    # nothing of the attacks is left in the data
    assert treum.psql(payments, "SELECT account_id::text FROM payments.wallet") == [(account,)]

    # stopped, nothing is lost
    assert treum.run("down").status == 0
    assert treum.run("prove").status == 3
    assert treum.run("up", timeout_s=300).status == 0
    again = treum.run("url", "payments").out.strip()
    assert treum.psql(again, "SELECT count(*) FROM payments.wallet") == [(1,)]

    # removed, everything is
    assert treum.run("down", "--purge", "--confirm", "treum").status == 0
    assert not any(Path(treum.data).rglob("PG_VERSION"))
    assert not (treum.folder / ".freehold").exists()
