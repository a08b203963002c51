"""The host of the closed side does not answer, and does not refuse either: clients of the open side go on soon."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

import pytest

from freehold.found.control import control_sql
from freehold.local.clock import SystemClock
from freehold.move import control
from freehold.move.model import SOURCE
from freehold.move.run.healing import heal
from freehold.move.run.world import World
from freehold.move.state import insert
from freehold.pg.dump import PgDumps
from freehold.sqltext import raw
from support.clusters import clean
from support.fixtures import Clusters
from support.proofs import KnownSecrets
from support.switching import MOVE, NoPool, across

pytestmark = pytest.mark.real
AWAY = across(MOVE, "away")
BUSY_S = 3.0
"""How much later than it should a busy machine may be."""


@dataclass
class Timed(NoPool):
    """Clients that were held back: when they were let go."""

    began_s: float = field(default_factory=time.monotonic)
    waited_s: float = -1.0

    def __post_init__(self) -> None:
        super().__init__()

    def release(self) -> None:
        self.waited_s = time.monotonic() - self.began_s


@contextmanager
def says_nothing() -> Iterator[int]:
    """A port behind which the kernel takes connections and nobody reads them: a server that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def drops_all() -> Iterator[int]:
    """A port at which no connection comes about: what is sent there is dropped, as by a host without a network."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting: list[socket.socket] = []
        try:
            for _ in range(16):
                waiting.append(socket.create_connection(("127.0.0.1", port), timeout=0.3))
        except TimeoutError:
            yield port
        else:
            pytest.fail("the kernel takes every connection")
        finally:
            for one in waiting:
                one.close()


@pytest.mark.parametrize(
    ("host", "wait_s"), [(says_nothing, 2), (drops_all, 2), (says_nothing, 4)], ids=["silent", "dropped", "control"]
)
def test_clients_wait_for_a_host_that_does_not_answer_no_longer_than_they_are_told(
    clusters: Clusters, host: Callable[[], AbstractContextManager[int]], wait_s: int
) -> None:
    address, servers = clusters(18)
    clean(address)
    servers.admin("main").execute(raw("CREATE DATABASE old_home"))
    source = servers.admin("main", "old_home")
    for statement in (*control_sql(), *control.control_sql(), insert(AWAY, SOURCE, "a test")):
        source.execute(statement)
    with host() as port:
        away = replace(servers.places["main"], instance="away", port=port)
        reached = replace(servers, places={**servers.places, "away": away}, connect_timeout_s=wait_s)
        on = World(reached, KnownSecrets(), SystemClock(), PgDumps({}, {}))
        clients = Timed()
        assert heal(on, AWAY, clients, replace(on, servers=servers)) == SOURCE
    assert wait_s - 0.5 < clients.waited_s < wait_s + BUSY_S
    # once more, after it was written down where the service lives
    assert clients.calls == [f"redirect {SOURCE}"] * 2
