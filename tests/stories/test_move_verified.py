"""A verification counts for a while, a difference keeps a switch from being made, and no repair is made the wrong way
round."""

from __future__ import annotations

import shutil
import time

import pytest

from freehold.cli import moving
from freehold.cli.context import Context
from freehold.cli.out import Out
from freehold.cli.traffic import PoolTraffic
from freehold.errors import FreeholdError
from freehold.move.model import SOURCE, Move
from freehold.move.run import switching
from freehold.move.run.switching import Limits
from freehold.move.run.world import World
from freehold.move.verify.model import Options
from support.bank import bank, everything_is_there, move, url
from support.command import Desk, Said
from support.traffic import transfers

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
BEHIND = "SET session_replication_role = replica; SET freehold.moving = 'on'; "
WRONG = BEHIND + "UPDATE ledger.account SET balance = balance + 1 WHERE id = 7"


def asked(found: Desk, *words: str) -> Said:
    return found.run("move", *words, "--json", "--lag", "5s", "--pause", "20s", timeout_s=300)


def refused(found: Desk, *words: str) -> str:
    said = asked(found, *words)
    assert said.status == 1, said.all
    return said.all


def differs(found: Desk) -> str:
    """What a verification that finds a difference says to do next."""
    said = found.run("move", "verify")
    assert said.status == 2, said.all
    return said.all.strip().splitlines()[-1].removeprefix("next: ")


def at(found: Desk, database: str, statement: str) -> None:
    """What somebody does behind everybody's back."""
    start, _, _ = found.run("url", "--admin", "main").out.strip().rpartition("/postgres")
    found.psql(f"{start}/{database}", statement)


def test_a_difference_is_met_before_a_switch_in_either_direction_and_mended_only_as_asked() -> None:
    with bank("schema-per-service") as found:
        move(found, "start", "--to", "database-per-service", "--service", "ledger", "--no-backup")
        assert "was not verified" in refused(found, "cutover")
        move(found, "verify")
        time.sleep(2)  # its time is written in whole seconds
        assert "more than 1ms ago" in refused(found, "cutover", "--verified-within", "1ms")

        at(found, "bank_ledger", WRONG)
        assert differs(found) == "freehold move verify --repair"
        assert "differed in 1 places" in refused(found, "cutover")
        move(found, "verify", "--repair")
        move(found, "cutover")

        # the old home follows now, and may be the last good copy
        at(found, "bank", WRONG)
        assert differs(found) == "freehold move status"
        assert "differed in 1 places" in refused(found, "rollback")
        for words in ((), ("--right", "source")):
            assert "may be the last good copy" in refused(found, "verify", "--repair", *words)
        balance = "SELECT balance FROM ledger.account WHERE id = 7"
        assert found.psql(url(found, "ledger"), balance) == [(1000,)]
        move(found, "verify", "--repair", "--right", "target")

        at(found, "bank_ledger", BEHIND + "GRANT SELECT ON ledger.account TO PUBLIC")
        assert differs(found) == "freehold move status"
        assert "differed in 1 places" in refused(found, "rollback")
        at(found, "bank_ledger", BEHIND + "REVOKE SELECT ON ledger.account FROM PUBLIC")
        move(found, "verify")
        at(found, "bank_ledger", BEHIND + "CREATE INDEX late ON ledger.account (balance)")
        assert "the definitions of service" in refused(found, "rollback"), "a look at the definitions is part of it"
        move(found, "rollback", "--unverified")
        assert found.psql(url(found, "ledger"), balance) == [(1000,)]


SPOIL = """
CREATE FUNCTION ledger.spoil() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN NEW.balance := NEW.balance + 1; RETURN NEW; END';
CREATE TRIGGER spoil BEFORE UPDATE ON ledger.account FOR EACH ROW EXECUTE FUNCTION ledger.spoil();
ALTER TABLE ledger.account ENABLE REPLICA TRIGGER spoil
"""


def test_what_is_written_is_compared_until_the_pause_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever spoils rows on their way after the first look is found by the last one."""
    with bank("schema-per-service") as found:
        move(found, "start", "--to", "database-per-service", "--service", "ledger", "--no-backup")
        monkeypatch.setenv("FREEHOLD_DATA", str(found.data))
        here = Context(str(found.folder / "freehold.yaml"), Out("move", as_json=False))
        (entry,) = here.moves.read()
        steady, hold, held = switching.steady, PoolTraffic.hold, []

        def spoiled(world: World, one: Move, near_side: str, within_ms: float, wait_ms: float) -> None:
            at(found, "bank_ledger", BEHIND + SPOIL)
            found.psql(url(found, "ledger"), "UPDATE ledger.account SET balance = balance WHERE id = 7")
            steady(world, one, near_side, within_ms, wait_ms)

        def holding(self: PoolTraffic, timeout_ms: int) -> bool:
            held.append(timeout_ms)
            return hold(self, timeout_ms)

        monkeypatch.setattr(switching, "steady", spoiled)
        monkeypatch.setattr(PoolTraffic, "hold", holding)
        with pytest.raises(FreeholdError, match="differs at its other home in 1 places"):
            moving.switch(here, entry, SOURCE, Limits(lag_ms=5_000), verify=Options())
        assert held == [], "clients waited"
        monkeypatch.undo()

        at(found, "bank_ledger", BEHIND + "DROP FUNCTION ledger.spoil CASCADE")
        assert "differed in 1 places" in refused(found, "cutover")
        move(found, "verify", "--repair")
        clients = transfers(url(found, "ledger"), url(found, "visits"))
        with clients.running(2):
            move(found, "cutover", "--verify")
            move(found, "rollback", "--verify")
        assert clients.errors == []
        everything_is_there(found, clients)
