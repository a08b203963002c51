"""Settings of a server that are in the way of a move; what is told to set is enough after a restart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from freehold.layouts.model import Instance, ServiceRoles
from freehold.local.clock import SystemClock
from freehold.move.model import Move, Side
from freehold.move.preflight._kind import findings
from freehold.move.run.preflight import gather
from freehold.move.run.world import World
from freehold.pg.dump import PgDumps
from freehold.pg.embedded import Embedded
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.moving import Quiet

pytestmark = pytest.mark.real

TIGHT = """
wal_level = replica
max_replication_slots = 1
max_wal_senders = 1
max_logical_replication_workers = 0
max_slot_wal_keep_size = 100MB
max_prepared_transactions = 2
"""


def test_what_is_told_to_set_is_enough(
    fresh_embedded: Callable[..., tuple[list[Instance], Embedded, TidyServers]],
) -> None:
    (one,), owner, servers = fresh_embedded(1)
    with (owner.home(one).data / "freehold.conf").open("a") as out:
        out.write(TIGHT)
    servers.restart({one.name})
    roles = ServiceRoles("o", "a", "r")
    side = Side(one.name, "postgres")
    move = Move("00000001", "p", "s", "shared-schema", side, side, ("s",), roles, roles)
    quiet = Quiet()
    world = World(servers, quiet, SystemClock(), PgDumps(servers.addresses(), {one.name: 18}))
    session = servers.admin(one.name)
    session.execute(raw("CREATE SCHEMA s"))
    session.execute(raw("BEGIN; SELECT pg_catalog.txid_current(); PREPARE TRANSACTION 'g''x'"))

    found = {told.code: told for told in findings(gather(world, move))}

    expected = {"wal_level", "free_slots", "free_senders", "free_workers", "wal_kept", "prepared_transactions"}
    assert set(found) == expected
    for told in found.values():
        for statement in told.remedy.split("; "):
            session.execute(raw(statement))
    servers.restart({one.name})
    assert findings(gather(world, move)) == ()
