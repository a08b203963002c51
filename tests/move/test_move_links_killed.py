"""Killed before or after anything that it does to links, a move is ended by the next run, and no link is left over.

A seeded sample by default; FREEHOLD_SOAK=1 kills before and after every effect of every piece of work.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from freehold.testing.killing import Fuse
from support.command import Desk
from support.link_kills import run
from support.three import ANSWERS, answer, move, there, three, wanted

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
SEED = 20261130
FEWEST = 25
"""Effects on links that an abort has at least: a run in full counts them."""
LIMITS = ("--lag", "10s", "--pause", "20s")
APART = ("start", "--no-backup", "--to", "database-per-service", "--service")
BACK = ("start", "--no-backup", "--to", "schema-per-service", "--service")
BESIDE = ("start", "--no-backup", "--to-instance", "main", "--to-database", "three_people", "--service")


def points(count: int) -> list[tuple[int, bool]]:
    return [(number, late) for number in range(1, count + 1) for late in (False, True)]


def killed(found: Desk, words: Sequence[str], point: tuple[int, bool]) -> tuple[tuple[bool, int], str]:
    """Kill a command at a point; whether it died of it, how far it came, and what to call it."""
    died, count = run(found, ["move", *words], Fuse(*point))
    number, late = point
    when = f"{'after' if late else 'before'} effect {number}"
    return (died, count), f"{' '.join(words)} {'killed' if died else 'not killed'} {when}"


def in_order(found: Desk, point: str, *, copied: bool = False) -> None:
    """Every service is answered as ever, and what links and moves have on the server is what is declared. A replica
    that was made again is ``copied`` first."""
    deadline = time.monotonic() + (60 if copied else 0)
    while (seen := answer(found)) != ANSWERS and time.monotonic() < deadline:
        time.sleep(0.2)
    assert seen == ANSWERS, point
    assert there(found) == wanted(found), point


def test_links_that_a_start_makes_and_an_abort_ends() -> None:
    """The service that reads begins to move, and is given up: by a run after the one that was killed, by one that goes
    on before, or by one that has forgotten the move and asks the databases."""
    with three() as found:
        start, abort = (*APART, "rents"), ("abort", "--yes", "--service", "rents")
        _, starts = run(found, ["move", *start], Fuse())
        made = there(found)
        assert {one.split()[0] for one in made} >= {"slot", "subscription", "publication", "server", "mirror", "login"}
        aborts = FEWEST
        if SOAK:
            _, aborts = run(found, ["move", *abort], Fuse())
            in_order(found, "nobody was killed")
            move(found, *start)
        assert (starts > 10, aborts >= FEWEST) == (True, True), (starts, aborts)
        begun, ended = points(starts), points(aborts)
        if not SOAK:
            chance = random.Random(SEED)
            begun, ended = chance.sample(begun, 1), chance.sample(ended, 1)
        deaths = []
        for turn in range(max(len(begun), len(ended))):
            if turn:
                move(found, *start)
            (died, _), at = killed(found, abort, ended[turn % len(ended)])
            given_up(found, abort)
            in_order(found, at)
            deaths.append(died)
            (died, _), at = killed(found, start, begun[turn % len(begun)])
            assert answer(found) == ANSWERS, at
            match turn // 2 % 3:
                case 0:
                    forgotten(found)
                case 1:
                    move(found, *start)
            given_up(found, abort)
            in_order(found, at)
            deaths.append(died)
        print({"effects of start": starts, "of abort": aborts, "kills": sum(deaths), "of": len(deaths)})
        assert sum(deaths) >= 0.95 * len(deaths)


def forgotten(found: Desk) -> None:
    """This machine loses what it knows of moves, and asks the databases."""
    (found.folder / ".freehold" / "moves.json").unlink()
    move(found, "find")


def given_up(found: Desk, abort: Sequence[str]) -> None:
    """The move is given up, unless that had been done by the time of the kill."""
    said = found.run("move", "status", "--json")
    assert said.status == 0, said.all
    if said.document()["moves"]:
        move(found, *abort)


ROUND = (
    ("rents", APART),
    ("people", APART),
    ("clerks", BESIDE),
    ("people", BACK),
    ("clerks", BACK),
    ("rents", BACK),
)
"""Who leaves whom, and who comes back to whom, until all are where they were."""


@pytest.mark.skipif(not SOAK, reason="runs in make soak: a round trip for each effect on links")
def test_links_that_moves_make_lead_elsewhere_and_end_on_a_round_trip() -> None:
    """Every start and every complete is killed, at another point in each round, until each was killed at all of its
    points. A switch either way has nothing to do with links."""
    with three() as found:
        counts = dict(rounds(found, lambda key, words: (run(found, ["move", *words], Fuse()), "not killed")))
        assert {action for (_, action), count in counts.items() if count} == {"start", "complete"}, counts
        assert all(not count for (_, action), count in counts.items() if action in ("cutover", "rollback")), counts
        for turn in range(2 * max(counts.values())):

            def kill(key: tuple[int, str], words: Sequence[str], turn: int = turn) -> tuple[tuple[bool, int], str]:
                if not counts[key]:
                    move(found, *words)
                    return (False, 0), "not killed"
                some = points(counts[key])
                return killed(found, words, some[turn % len(some)])

            dict(rounds(found, kill))
        print({f"{number} {action}": count for (number, action), count in counts.items()})


Work = Callable[[tuple[int, str], Sequence[str]], tuple[tuple[bool, int], str]]


def rounds(found: Desk, work: Work) -> Iterator[tuple[tuple[int, str], int]]:
    """Go once around with ``work``, which does what it is told, or is killed at it: how many effects each piece had."""
    for number, (service, begin) in enumerate(ROUND):
        named = ("--service", service)
        for words in (
            (*begin, service),
            ("cutover", "--unverified", *LIMITS, *named),
            ("rollback", *LIMITS, *named),
            ("cutover", "--unverified", *LIMITS, *named),
            ("complete", "--yes", *named),
        ):
            (died, count), at = work((number, words[0]), words)
            if died:
                move(found, *words)
            assert words[0] == "complete" or answer(found) == ANSWERS, at
            yield (number, words[0]), count
        in_order(found, at, copied=True)
    move(found, "purge")
