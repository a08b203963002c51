"""Making the structure of a service, killed again and again: each run goes on, and in the end nothing is missing.

By default it is killed at a few points; FREEHOLD_SOAK=1 (or `make soak`) ends it after nearly every effect.
"""

from __future__ import annotations

import os
import signal
import warnings
from dataclasses import replace

import pytest

from freehold.move.run.alike import alike
from freehold.move.run.look import look
from freehold.move.run.structure import after, before
from freehold.pg.servers import PgServers
from freehold.sqltext import keyword, raw
from freehold.testing.killing import Fuse, KillingServers
from support.clusters import VERSIONS, clean
from support.moving import Clusters, Scene, scene
from support.nasty import ROWS

pytestmark = pytest.mark.real

STEP = 4 if os.environ.get("FREEHOLD_SOAK") == "1" else 45
THERE = keyword("SELECT count(*) FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'p')")


def killed(one: Scene, late: bool, at: int) -> bool:
    """Whether a process that does it dies of the fuse; it burns ``at`` so many effects."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            servers = KillingServers(PgServers(one.servers.places), Fuse(at, after=at % 2 == 0))
            world = replace(one.world, servers=servers)
            inventory = look(world, one.move, one.move.source)
            if late:
                after(world, one.move, inventory, 2)
            else:
                before(world, one.move, inventory)
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("version", VERSIONS if STEP < 10 else VERSIONS[:1])
def test_whatever_is_killed_is_finished_by_the_next_run(clusters: Clusters, version: int) -> None:
    clean(clusters(version)[0])
    one = scene(clusters, version, version)
    one.servers.admin("a", "o'ld").execute(raw(ROWS))
    target = one.servers.admin("b", 'n"ew')

    at, counts = 1, set()
    while killed(one, False, at):
        counts.add(target.query(THERE)[0][0])
        at += min(STEP, 12)
    assert counts <= {0, target.query(THERE)[0][0]}  # all of it or nothing
    target.execute(raw(ROWS.partition("REFRESH")[0]))

    at, kills = 1, 0
    while killed(one, True, at):
        kills += 1
        at += STEP
    assert kills > 2
    assert alike(one.world, one.move) == ()
