"""The shipped examples go from layout to layout: every row arrives, references become real keys again where services
are reunited, and the platform is in order afterwards. By default four services of TREUM, under load;
FREEHOLD_SOAK=1 takes whole platforms through every layout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from support import agency, beating
from support.command import Desk
from support.touring import in_order, keys, sums, touring

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
EVERY = ("database-per-service", "instance-per-service", "groups", "schema-per-service", "central")
LIMITS = ("--lag", "10s", "--pause", "20s")


@dataclass(frozen=True)
class Tour:
    """From where an example goes where."""

    example: str
    begins: str
    layouts: Sequence[str]
    rows: int
    services: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.example}-{len(self.layouts)}"


TOURS = [Tour("treum", "central", ("database-per-service", "schema-per-service"), 1_000, agency.SERVICES)]
if os.environ.get("FREEHOLD_SOAK") == "1":
    TOURS += [
        Tour("treum", "central", EVERY, 50_000),
        Tour("payrollx", "database-per-service", ("schema-per-service", "database-per-service"), 50_000),
        Tour("payrollx", "schema-per-service", EVERY, 50_000),
        Tour("alphintra", "schema-per-service", EVERY, 50_000),
    ]
TOGETHER = ("central", "schema-per-service")


@pytest.mark.parametrize("tour", TOURS, ids=str)
def test_an_example_goes_from_layout_to_layout(tour: Tour) -> None:
    with touring(tour.example, tour.begins, tour.rows, tour.services) as found:
        crossing = keys(found)
        by_hand = tour.example == "treum"
        clients = agency.clients(found) if by_hand else beating.beating(found)
        before = _still(found)
        with clients.running(1):
            for layout in tour.layouts:
                # restoring a backup shows nothing here that it did not show on the way out
                unsaved = ("--no-backup",) if layout != tour.layouts[0] else ()
                moved = found.run("move", "auto", "--to", layout, *LIMITS, *unsaved, timeout_s=1800)
                assert moved.status == 0, moved.all
                assert _still(found) == before
                assert keys(found) == (crossing if layout in TOGETHER else _near(crossing, keys(found)))
                plan = found.run("plan", "--json", timeout_s=300)
                assert plan.document()["changes"] == [], plan.all
        (agency.agree if by_hand else beating.all_there)(found, clients)
        print({"slowest_ms": clients.slowest_ms, "commits": sum(map(len, clients.confirmed.values()))})
        in_order(found, tour.layouts[-1], restart=True)
        assert _still(found) == before


def _still(found: Desk) -> dict[str, tuple[int, int]]:
    """The sums of the tables that nobody writes meanwhile."""
    return {
        table: told
        for table, told in sums(found).items()
        if table not in agency.WRITTEN and not table.endswith(f".{beating.TABLE}")
    }


def _near(crossing: Sequence[str], there: Sequence[str]) -> list[str]:
    """What may be left of the keys between services where these have parted: none that was not there."""
    return [name for name in there if name in crossing]
