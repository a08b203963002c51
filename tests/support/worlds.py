"""A followed service between two databases, for tests that compare them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from freehold.local.clock import SystemClock
from freehold.move.model import Move, Side
from freehold.move.run.verify import verify
from freehold.move.verify.model import Options, Report
from freehold.ports import Address
from freehold.sqltext import raw
from support.clusters import VERSIONS, TidyServers, clean, unlocked_hba
from support.following import ODD, ROWS, SERVICE, a_move, as_worker, follow, silent, two_sides, unfollow


@dataclass
class World:
    servers: TidyServers
    move: Move

    def verify(self, direction: str = "f", **options: object) -> Report:
        return verify(self.move, direction, self.servers, SystemClock(), silent, replace(QUICK, **options))  # type: ignore[arg-type]

    def home(self, text: str) -> None:
        session = self.servers.admin(self.move.source.instance, self.move.source.database)
        session.execute(raw(text))
        session.close()

    def fed(self, text: str) -> None:
        as_worker(self.servers, self.move.target, text)


QUICK = Options(gate_ms=20_000, patience_ms=20_000, chunk_rows=500)


@pytest.fixture
def worlds(clusters: Callable[[int], tuple[Address, TidyServers]]) -> Iterator[Callable[..., World]]:
    """(version of the source, version of the target, what makes it, its rows) -> a followed service; one server where
    both versions are the same."""
    used: set[int] = set()
    made: list[World] = []

    def make(source: int, target: int, service: str = SERVICE, rows: str = ROWS, *, encoding: str = "UTF8") -> World:
        for version in {source, target}:
            if version not in VERSIONS:
                pytest.skip(f"PostgreSQL {version} is not installed here")
            address, servers = clusters(version)
            servers.write_hba("main", unlocked_hba())
            used.add(version)
            clean(address)
        places = {f"v{version}": replace(clusters(version)[0], instance=f"v{version}") for version in {source, target}}
        servers = TidyServers(places)
        move = a_move(
            Side(f"v{source}", "a'b"), Side(f"v{target}", "svc"), ("s", ODD) if service is SERVICE else ("s",)
        )
        two_sides(servers, move, service, encoding)
        found = World(servers, move)
        made.append(found)
        for statement in rows.split(";\n"):
            if statement.strip():
                found.home(statement)
        found.home("ANALYZE")
        follow(servers, move)
        return found

    yield make
    # subscriptions hold slots of the other server: both must go before either is clean
    for world in made:
        unfollow(world.servers, world.move)
        world.servers.tidy()
    for version in used:
        clusters(version)[1].tidy()
        clean(clusters(version)[0])
