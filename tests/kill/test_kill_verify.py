"""Killed anywhere, a verification leaves nothing that holds anybody up, and the next one says what is true.

A seeded sample by default; FREEHOLD_SOAK=1 kills before and after every effect.
"""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Callable

import pytest

from freehold.local.clock import SystemClock
from freehold.move.run.verify import verify
from freehold.pg.servers import PgServers
from freehold.sqltext import keyword
from freehold.testing.killing import Fuse, KillingServers
from support.following import silent
from support.worlds import QUICK, World

pytestmark = pytest.mark.real

SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
SAMPLE = 5
SEED = 20261129


def killed(world: World, fuse: Fuse) -> None:
    """Verify in a child process that dies at the fuse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            servers = KillingServers(PgServers(world.servers.places), fuse)
            verify(world.move, "f", servers, SystemClock(), silent, QUICK)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


def test_a_verification_killed_at_any_effect_leaves_nothing_in_the_way(worlds: Callable[..., World]) -> None:
    world = worlds(18, 18)
    whole = Fuse()
    report = verify(world.move, "f", KillingServers(world.servers, whole), SystemClock(), silent, QUICK)
    assert report.equal
    points = [(number, after) for number in range(1, whole.count + 1) for after in (False, True)]
    for number, after in points if SOAK else random.Random(SEED).sample(points, SAMPLE):
        killed(world, Fuse(number, after))
        world.home("UPDATE s.hot SET n = n + 1")
        report = world.verify()
        assert report.equal, (number, after)
        assert report.healed == 0, (number, after)
    world.fed("DELETE FROM s.hot WHERE id = 1")
    assert world.verify().mismatches == 1
    source = world.servers.admin(world.move.source.instance, world.move.source.database)
    assert source.query(keyword("SELECT FROM pg_catalog.pg_replication_slots WHERE temporary")) == []
