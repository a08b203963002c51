"""The end of a move: a copy that differs is not put away in silence, and old tables stay until they are old."""

from __future__ import annotations

import shutil

import jsonschema
import pytest

from freehold.cli.documents import document_schema
from support.bank import bank, move, url
from support.command import Desk, Said

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
OLD = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text ~ '^freehold_moved_'"


def at_home(found: Desk, sql: str) -> list[tuple[object, ...]]:
    """A statement of the superuser in the database that both services leave."""
    admin = found.run("url", "--admin", "main").out.strip().replace("/postgres?", "/bank?")
    return found.psql(admin, sql)


def purge(found: Desk, *words: str) -> Said:
    said = found.run("move", "purge", "--json", *words)
    jsonschema.validate(said.document(), document_schema("move"))
    return said


def put_away(said: Said) -> dict[str, dict[str, object]]:
    told = said.document()["put_away"]
    assert isinstance(told, list)
    return {str(one["service"]): one for one in told}


def aged(found: Desk, service: str, days: float) -> None:
    """Let the move of a service have ended so long ago."""
    at_home(
        found, f"UPDATE freehold.move SET changed_at = now() - {days} * interval '1 day' WHERE service = '{service}'"
    )


def test_old_tables_are_kept_for_a_week_and_dropped_after_a_yes() -> None:
    with bank("schema-per-service") as found:
        assert put_away(purge(found)) == {}
        move(found, "auto", "--to", "database-per-service", "--no-backup")
        assert at_home(found, OLD) == [(3,)]

        fresh = purge(found, "--yes")
        assert fresh.status == 0, fresh.all
        assert {name: (one["dropped"], one["tables"]) for name, one in put_away(fresh).items()} == {
            "ledger": (False, 2),
            "visits": (False, 1),
        }
        assert all(int(str(one["bytes"])) >= 8192 for one in put_away(fresh).values())
        assert str(put_away(fresh)["visits"]["due_at"]) in found.run("move", "purge", "--yes").out
        assert at_home(found, OLD) == [(3,)]

        aged(found, "ledger", 7.1)
        aged(found, "visits", 6.9)
        seen = purge(found, "--dry-run")
        assert (seen.status, at_home(found, OLD)) == (2, [(3,)]), seen.all
        unasked = purge(found)
        assert (unasked.status, at_home(found, OLD)) == (1, [(3,)]), unasked.all
        assert "--yes" in unasked.err
        assert "the old tables of ledger" in unasked.err
        no = found.on_terminal(("move", "purge"), answer="n")
        assert (no.status, at_home(found, OLD)) == (1, [(3,)]), no.all

        done = purge(found, "--yes")
        assert {name: one["dropped"] for name, one in put_away(done).items()} == {"ledger": True, "visits": False}
        assert at_home(found, OLD) == [(1,)]

        assert purge(found, "--older-than", "6d", "--service", "ledger", "--yes").status == 0
        assert at_home(found, OLD) == [(1,)]
        assert put_away(purge(found, "--older-than", "0s", "--yes"))["visits"]["dropped"] is True
        assert at_home(found, OLD) == [(0,)]
        assert put_away(purge(found, "--older-than", "0s")) == {}
        assert found.psql(url(found, "visits"), "SELECT count(*) FROM visits.visit") == [(3000,)]


def test_old_tables_are_found_where_no_service_lives_any_more() -> None:
    with bank("instance-per-service") as found:
        move(found, "auto", "--to", "schema-per-service", "--no-backup", "--service", "visits")
        move(found, "auto", "--to", "schema-per-service", "--no-backup", "--service", "ledger")
        assert "layout: schema-per-service" in (found.folder / "freehold.yaml").read_text()
        seen = put_away(purge(found, "--older-than", "0s", "--dry-run"))
        assert {name: (one["instance"], one["tables"]) for name, one in seen.items()} == {
            "ledger": ("ledger", 2),
            "visits": ("visits", 1),
        }
        assert found.run("down").status == 0
        assert found.run("up", "--no-prove", timeout_s=300).status == 0
        told = found.run("move", "purge", "--older-than", "0s", "--dry-run").out
        assert 'instance "visits" does not run' in told, told


def test_tables_that_differ_are_not_put_away_in_silence() -> None:
    with bank("schema-per-service") as found:
        move(found, "start", "--to", "database-per-service", "--service", "visits", "--no-backup")
        move(found, "verify")
        move(found, "cutover")
        assert move(found, "verify")["ok"] is True
        # a row that only the old home has: the last chance to see it is before the old home is put away
        at_home(found, "SET session_replication_role = replica; INSERT INTO visits.visit VALUES (7, 'only here')")
        assert found.run("move", "verify").status == 2
        refused = found.run("move", "complete", "--yes")
        assert refused.status == 1, refused.all
        assert "visits" in refused.err
        assert "1 place" in refused.err
        assert "--unverified" in refused.err
        assert move(found, "status")["moves"][0]["phase"] == "switched"  # type: ignore[index]

        at_home(found, "SET session_replication_role = replica; DELETE FROM visits.visit WHERE number = 7")
        move(found, "verify")
        at_home(found, "SET session_replication_role = replica; INSERT INTO visits.visit VALUES (7, 'only here')")
        assert found.run("move", "verify").status == 2
        move(found, "complete", "--yes", "--unverified")
        assert found.psql(url(found, "visits"), "SELECT count(*) FROM visits.visit") == [(3000,)]
