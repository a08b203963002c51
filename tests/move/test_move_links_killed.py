"""Killed before or after anything that it does to links, a move is ended by the next run, and no link is left over.

A seeded sample by default; FREEHOLD_SOAK=1 kills before and after every effect of every piece of work.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from freehold.cli import instances, pools
from freehold.cli.context import Context
from freehold.cli.out import Out
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
    assert said.status in (0, 2), said.all  # 2 where the killed start left a slot
    if said.document()["moves"]:
        move(found, *abort)


@dataclass(frozen=True)
class Stage:
    """``whole`` are moves made first, ``last`` the one whose ``action`` is killed; each with where it goes."""

    whole: tuple[tuple[str, tuple[str, ...]], ...]
    last: tuple[str, tuple[str, ...]]
    action: str


READER, READ, JOINS, RETURNS = ("rents", APART), ("people", APART), ("clerks", BESIDE), ("rents", BACK)
STAGES = {
    "who is read leaves": Stage((READER,), READ, "complete"),
    "a reader begins to join": Stage((READER, READ), JOINS, "start"),
    "a reader joins": Stage((READER, READ), JOINS, "complete"),
    "a reader with a replica begins to join": Stage((READER,), RETURNS, "start"),
    "a reader with a replica joins": Stage((READER,), RETURNS, "complete"),
}


@pytest.mark.skipif(not SOAK, reason="runs in make soak: each effect on links begins from a platform of its own")
@pytest.mark.parametrize("name", STAGES)
def test_links_that_are_led_elsewhere_and_ended(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What begins and ends the move of whoever reads, or is read. A switch either way has nothing to do with links."""
    stage = STAGES[name]
    with three() as found:
        monkeypatch.setenv("FREEHOLD_DATA", str(found.data))
        for service, begin in stage.whole:
            move(found, *begin, service)
            switched(found, service)
            move(found, "complete", "--yes", "--service", service)
        service, begin = stage.last
        words = (*begin, service)
        if stage.action == "complete":
            move(found, *words)
            switched(found, service)
            words = ("complete", "--yes", "--service", service)
        with kept(found) as again:
            _, count = run(found, ["move", *words], Fuse())
            assert count
            deaths = 0
            for point in points(count):
                again()
                (died, _), at = killed(found, words, point)
                deaths += died
                if died:
                    move(found, *words)
                if stage.action == "start":
                    move(found, "cutover", "--unverified", "--service", service, *LIMITS)
                    move(found, "complete", "--yes", "--service", service)
                in_order(found, at, copied=True)
        print({name: count, "kills": deaths, "of": 2 * count})
        assert deaths >= 1.9 * count


def switched(found: Desk, service: str) -> None:
    """The service lives at its new home; that it came there has nothing to do with links."""
    named = ("--service", service, *LIMITS)
    for words in (("cutover", "--unverified"), ("rollback",), ("cutover", "--unverified")):
        assert run(found, ["move", *words, *named], Fuse()) == (False, 0)
    assert answer(found) == ANSWERS


@contextmanager
def kept(found: Desk) -> Iterator[Callable[[], None]]:
    """Keep the platform as it stands; what brings it back to that."""
    context = Context(str(found.folder / "freehold.yaml"), Out("up", as_json=False))
    copies = [(one, one.with_name(f"{one.name}.kept")) for one in (found.folder, found.data)]
    assert found.run("down").status == 0
    for one, copy in copies:
        shutil.copytree(one, copy, symlinks=True)
        _same_owners(one, copy)

    def again() -> None:
        assert found.run("down").status == 0
        for one, copy in copies:
            shutil.rmtree(one)
            shutil.copytree(copy, one, symlinks=True)
            _same_owners(copy, one)
        here = Context(str(context.path), context.out)
        instances.start(here)
        pools.up(here)

    again()
    yield again


def _same_owners(one: Path, copy: Path) -> None:
    for path in (one, *one.rglob("*")):
        seen = path.lstat()
        os.lchown(copy / path.relative_to(one), seen.st_uid, seen.st_gid)
