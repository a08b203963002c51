"""A service is let in under the login that it was told of, wherever it lives, for as long as it may come back."""

from __future__ import annotations

import shutil

import psycopg
import pytest

from support.bank import bank, move, url
from support.command import Desk

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
WRITE = "UPDATE ledger.account SET balance = balance WHERE id = 1 RETURNING current_user"


def told(found: Desk) -> str:
    """The connection string of the ledger, which its env file holds as well."""
    said = url(found, "ledger")
    assert f"DATABASE_URL={said}\n" in (found.folder / ".freehold" / "env" / "ledger.env").read_text()
    return said


def direct(found: Desk) -> str:
    return found.run("url", "ledger", "--direct").out.strip()


def writes(way: str) -> str:
    with psycopg.connect(way) as connection:
        return str(connection.execute(WRITE).fetchall()[0][0])


def test_a_login_that_was_read_after_a_cutover_goes_on_working_after_a_rollback() -> None:
    with bank("central") as found:
        before = told(found)
        move(found, "start", "--to", "database-per-service", "--service", "ledger", "--no-backup")
        move(found, "verify")
        move(found, "cutover")
        assert told(found) == before, "only the old login is let in at both homes"
        with psycopg.connect(told(found), autocommit=True) as client:
            assert client.execute(WRITE).fetchall() == [("bank_app",)]
            move(found, "rollback")
            assert client.execute(WRITE).fetchall() == [("bank_app",)]
            assert (writes(told(found)), writes(found.run("url", "ledger", "--direct").out.strip())) == (
                "bank_app",
            ) * 2
            move(found, "cutover", "--unverified")
            assert client.execute(WRITE).fetchall() == [("bank_app",)]
            assert writes(direct(found)) == "bank_app"
            move(found, "complete", "--yes")
            assert told(found) != before
            assert writes(told(found)) == "bank_ledger_app"
            assert client.execute(WRITE).fetchall() == [("bank_app",)], "who has not read it yet goes on"
