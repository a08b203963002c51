"""A proof while a service has two homes on two instances: what the move needs there is expected, and nothing beyond;
and what the proof plants is no change of the service."""

from __future__ import annotations

import os
import shutil

import psycopg
import pytest

from freehold.prove import canary
from freehold.prove.model import Canary
from support.bank import bank, move
from support.command import Desk

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
MOVE = ("--service", "ledger")
OWN = {"bank_ledger_app", "bank_ledger_ro", "bank_pool"}


def proved(found: Desk) -> tuple[list[tuple[str, str]], dict[str, set[str]]]:
    """The violations, and where logins are expected. Nothing is unknown."""
    said = found.run("prove", "--json", timeout_s=300)
    document = said.document()
    violations, moving = document["violations"], document["moving"]
    assert isinstance(violations, list)
    assert isinstance(moving, list)
    assert document["unknown"] == []
    assert said.status == (2 if violations else 0)
    places = {f"{one['instance']}/{one['database']}": set(one["logins"]) for one in moving}
    return [(str(one["code"]), str(one["object"])) for one in violations], places


def planted(found: Desk, name: str) -> None:
    """As a proof that is under way plants it; or a table of another name that somebody made past the guard."""
    one = Canary("ledger", "main", "bank", "ledger", name, "token", "bank_ledger_owner")
    with psycopg.connect(found.run("url", "--admin", "main").out.strip(), dbname="bank") as session:
        session.execute(canary.ALLOWED.sent(str).encode())
        for statement in canary.plant(one):
            session.execute(statement.sent(str).encode())


def dropped(found: Desk, name: str) -> None:
    with psycopg.connect(found.run("url", "--admin", "main").out.strip(), dbname="bank") as session:
        session.execute(canary.ALLOWED.sent(str).encode())
        session.execute(f"DROP TABLE ledger.{name}; DROP FUNCTION ledger.{name}()".encode())


def test_what_a_move_needs_at_its_second_home_is_expected_and_a_stranger_there_is_not() -> None:
    with bank("schema-per-service", servers="{main: embedded, new: embedded}") as found:
        move(found, "start", *MOVE, "--to-instance", "new", "--no-backup")
        new = found.run("url", "--admin", "new").out.strip()
        # who proves need not be who moves: the databases tell what is under way
        (found.folder / ".freehold" / "moves.json").rename(found.folder / "moves.json")
        with psycopg.connect(new, autocommit=True) as session:
            session.execute("CREATE ROLE stranger LOGIN; CREATE ROLE bank_visits_app LOGIN")
            session.execute("GRANT CONNECT ON DATABASE bank TO stranger, bank_visits_app")
            proof, places = proved(found)
            assert proof == [("second_home", 'role "bank_visits_app"'), ("second_home", 'role "stranger"')]
            session.execute("REVOKE CONNECT ON DATABASE bank FROM stranger, bank_visits_app")
        assert places.keys() == {"new/bank"}
        assert places["new/bank"] >= OWN
        shown = found.run("prove", "--attack", "second_home", "--html", "proof.html").all
        assert f"moving: {len(places['new/bank'])} logins of ledger expected at new/bank" in shown
        assert "<h2>On the move (1)</h2>" in (found.folder / "proof.html").read_text()

        (found.folder / "moves.json").rename(found.folder / ".freehold" / "moves.json")
        planted(found, f"{canary.PREFIX}mine")
        wrong = found.run("move", "verify", *MOVE, "--json")
        assert wrong.status == 3
        assert f'table "ledger"."{canary.PREFIX}mine" is missing in database "bank" of instance "new"' in wrong.all
        dropped(found, f"{canary.PREFIX}mine")
        planted(found, canary.name_from("token"))
        assert move(found, "verify", *MOVE)["ok"] is True
        move(found, "cutover", *MOVE)
        proof, places = proved(found)
        assert (proof, places.keys()) == ([], {"main/bank"})
        assert places["main/bank"] >= OWN


@pytest.mark.skipif(not SOAK, reason="runs in make soak: a proof while two services are on the move")
def test_two_second_homes_on_one_instance() -> None:
    with bank("schema-per-service") as found:
        for service in ("ledger", "visits"):
            move(found, "start", "--to", "database-per-service", "--service", service, "--no-backup")
        proof, places = proved(found)
        assert (proof, places.keys()) == ([], {"main/bank_ledger", "main/bank_visits"})
        with psycopg.connect(found.run("url", "--admin", "main").out.strip(), autocommit=True) as session:
            session.execute("GRANT CONNECT ON DATABASE bank_visits TO bank_ledger_app")
            assert {*proved(found)[0]} == {
                ("second_home", 'role "bank_ledger_app"'),
                ("undeclared_grants", 'database "bank_visits"'),
            }
            session.execute("REVOKE CONNECT ON DATABASE bank_visits FROM bank_ledger_app")
        move(found, "cutover", "--unverified")
        assert proved(found)[0] == []
