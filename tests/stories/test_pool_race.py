"""What writes a pool and what ends a switch meet: whoever writes last knows which home serves.

The two are made to meet where it hurts: the one does all of its work between two steps of the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence

import psycopg
import pytest

from freehold.cli import moving, pools
from freehold.cli.context import Context
from freehold.cli.out import Out
from freehold.local.movesfile import Known
from freehold.move.model import SOURCE, TARGET, Move
from freehold.move.run import switching
from freehold.move.run.switching import Limits
from freehold.move.run.world import Traffic, World
from freehold.pg.pgbouncer import PgBouncers, State
from freehold.pool.model import Bouncer, Login
from support.bank import bank, move, url
from support.command import Desk

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
LIMITS = Limits(pause_ms=20_000, lag_ms=5_000)
MOVE = ("--service", "ledger")


@pytest.fixture(scope="module")
def following() -> Iterator[Desk]:
    """A ledger that is served at its source, and followed."""
    with bank("schema-per-service") as found:
        move(found, "start", "--to", "database-per-service", *MOVE, "--no-backup")
        yield found


@pytest.fixture
def here(following: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Context]:
    """The platform as a command sees it that begins now."""
    monkeypatch.setenv("FREEHOLD_DATA", str(following.data))
    return lambda: Context(str(following.folder / "freehold.yaml"), Out("up", as_json=False))


def written(found: Desk) -> str:
    """What becomes of a write that comes through the pool."""
    try:
        found.psql(url(found, "ledger"), "UPDATE ledger.account SET balance = balance WHERE id = 1")
    except psycopg.errors.ReadOnlySqlTransaction as error:
        return str(error.diag.message_primary)
    return "written"


def served(found: Desk) -> str:
    moves = move(found, "status")["moves"]
    assert isinstance(moves, list)
    return str(moves[0]["home"])


REFUSED = 'service "ledger" is not written here'


def test_an_up_that_looked_before_the_end_of_a_switch_and_writes_after_it(
    following: Desk, here: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile = [("cutover", "--unverified")]
    up = PgBouncers.up

    def late(
        self: PgBouncers,
        bouncers: Sequence[Bouncer],
        logins: Callable[[Bouncer], Sequence[Login]],
        password: str,
        progress: Callable[[str], None] = lambda what: None,
    ) -> tuple[State, ...]:
        if meanwhile:
            move(following, *meanwhile.pop(), *MOVE)
        return up(self, bouncers, logins, password, progress)

    monkeypatch.setattr(PgBouncers, "up", late)
    pools.up(here())
    assert (served(following), written(following), meanwhile) == (TARGET, "written", [])

    meanwhile.append(("rollback",))
    pools._up(here())  # what it writes once, as if nobody looked again
    assert (served(following), written(following)) == (SOURCE, REFUSED)
    pools.up(here())
    assert written(following) == "written"


def test_an_up_that_comes_between_a_switch_and_what_ends_it(
    following: Desk, here: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = switching.lead

    def after_an_up(world: World, move: Move, side: str, clients: Traffic) -> None:
        pools._up(here())  # by what is written down alone
        seen.append(written(following))
        pools.up(here())
        seen.append(written(following))
        lead(world, move, side, clients)

    seen: list[str] = []
    monkeypatch.setattr(switching, "lead", after_an_up)
    entry: Known = here().moves.read()[0]
    moving.switch(here(), entry, SOURCE, LIMITS, unverified=True)
    assert seen == [REFUSED, "written"], "an up asks the databases"
    assert (served(following), written(following)) == (TARGET, "written")
    moving.switch(here(), entry, TARGET, LIMITS)
    assert seen == [REFUSED, "written"] * 2
    assert (served(following), written(following)) == (SOURCE, "written")


def test_an_up_after_a_switch_that_nobody_wrote_down(following: Desk, here: Callable[[], Context]) -> None:
    """As when the machine lost its power with the switch just made."""
    file = following.folder / ".freehold" / "moves.json"
    before = file.read_bytes()
    move(following, "cutover", "--unverified", *MOVE)
    file.write_bytes(before)
    pools._up(here())
    assert (served(following), written(following)) == (TARGET, REFUSED)
    for words in (("up", "--no-prove"), ("pool", "reload")):
        file.write_bytes(before)
        said = following.run(*words)
        assert said.status == 0, said.all
        assert written(following) == "written"
        assert here().moves.read()[0].home == TARGET
