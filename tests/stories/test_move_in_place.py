"""A change of roles in place tells what it does, and is not forgotten; an instance on which no service lives yet can be
reached."""

from __future__ import annotations

import json
import shutil

import jsonschema
import psycopg
import pytest

from freehold.cli.schemas_of_moves import event_schema
from support.bank import bank, url
from support.command import Desk
from support.traffic import Clients, Connection

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
IN_PLACE = ("start", "--to", "schema-per-service", "--service", "ledger")


def told(found: Desk, *words: str) -> list[dict[str, object]]:
    """The events of a move, each as its schema wants it."""
    said = found.run("move", *words, "--json", timeout_s=300)
    assert said.status == 0, said.all
    *events, result = [json.loads(line) for line in said.out.splitlines()]
    accepts = jsonschema.Draft202012Validator(event_schema()).is_valid
    assert [one for one in events if not accepts(one)] == []
    assert result["event"] == "result"
    return events


def waits(found: Desk) -> set[str]:
    """The services for which the plan has something to do."""
    return {str(one["service"]) for one in found.run("plan", "--json").document()["changes"]} - {""}


def test_roles_that_change_in_place_are_told_and_kept_when_the_databases_are_asked() -> None:
    with bank("central", servers="{main: embedded, new: embedded}") as found:
        events = told(found, *IN_PLACE)
        assert [(one["event"], one.get("step")) for one in events] == [
            *((kind, step) for step in ("roles", "ownership", "bridge") for kind in ("step_begun", "step_done")),
            ("roles_changed", None),
        ]
        assert {key: events[-1][key] for key in ("service", "database", "owner", "app_before")} == {
            "service": "ledger",
            "database": "main/bank",
            "owner": "bank_ledger_owner",
            "app_before": "bank_app",
        }
        assert told(found, *IN_PLACE) == [], "nothing happens twice"

        assert waits(found) == set()
        assert found.run("move", "find").status == 0
        assert waits(found) == set(), "the roles were forgotten, and would be made anew"
        (found.folder / ".freehold" / "moves.json").unlink()
        assert waits(found) == {"ledger"}, "the question is not answered the same whatever is known"


def crossing(connection: Connection, number: int) -> None:
    """Holds one table for a while and then wants another, and waits for nobody longer than most pools let it."""
    with connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '500ms'")
        connection.execute("LOCK TABLE ledger.line IN ROW EXCLUSIVE MODE")
        connection.execute("SELECT pg_sleep(0.02)")
        connection.execute("SELECT count(*) FROM ledger.account")


def test_clients_that_come_to_the_tables_the_other_way_round_do_not_keep_the_owner_from_changing() -> None:
    with bank("central") as found:
        clients = Clients({"ledger": (url(found, "ledger"), crossing)}, think_s=0.0)
        with clients.running(4):
            told(found, *IN_PLACE)
        assert clients.errors == []
        assert len(clients.confirmed["ledger"]) > 20
        owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'ledger'"
        assert found.psql(url(found, "ledger"), owners) == [("bank_ledger_owner",)]


def test_an_instance_on_which_no_service_lives_yet_can_be_reached() -> None:
    with bank("schema-per-service", servers="{main: embedded, new: embedded}") as found:
        early = found.run("url", "--admin", "new")
        assert early.status == 3, early.all
        assert "no service lives there yet" in early.err
        assert "freehold move start --service NAME --to-instance new" in early.err
        nobody = found.run("url", "--admin", "other")
        assert nobody.status == 1
        assert "There are: main, new." in nobody.err

        told(found, "start", "--service", "ledger", "--to-instance", "new", "--no-backup")
        reached = found.run("url", "--admin", "new")
        assert reached.status == 0, reached.all
        with psycopg.connect(reached.out.strip(), dbname="bank", autocommit=True) as session:
            assert session.execute("SELECT count(*) FROM ledger.account").fetchall() == [(50,)]
