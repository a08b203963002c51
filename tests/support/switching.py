"""A service on its way from one database to another, for tests: its world, its tables, and clients that count."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from freehold.errors import ServerError
from freehold.found.control import control_sql
from freehold.layouts.model import ServiceRoles
from freehold.local.clock import SystemClock
from freehold.move import control
from freehold.move.machine import Phase
from freehold.move.model import SOURCE, TARGET, Move, Side
from freehold.move.run import copying, following
from freehold.move.run.arming import guard
from freehold.move.run.look import look
from freehold.move.run.world import World
from freehold.move.state import insert, to_phase
from freehold.pg.dump import PgDumps
from freehold.pg.session import PgSession
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.proofs import KnownSecrets

THINK_S = 0.002
"""How long a writer rests after each commit, so that others get some of the machine."""

ROLES = ServiceRoles("postgres", "shop_app", "shop_ro")
MOVE = Move(
    id="0000abcd",
    platform="test",
    service="shop",
    layout="database-per-service",
    source=Side("main", "old_home"),
    target=Side("main", "new_home"),
    schemas=("shop",),
    source_roles=ROLES,
    target_roles=ROLES,
)


class NoPool:
    """Clients that connect directly: nobody holds them back, and they learn where to go from being refused."""

    def __init__(self) -> None:
        self.side = SOURCE
        self.calls: list[str] = []

    def prepare(self, side: str) -> None:
        self.calls.append(f"prepare {side}")

    def hold(self, timeout_ms: int) -> bool:
        self.calls.append("hold")
        return True

    def redirect(self, side: str) -> None:
        self.side = side
        self.calls.append(f"redirect {side}")

    def release(self) -> None:
        self.calls.append("release")


def world(servers: TidyServers) -> World:
    places = servers.addresses()
    majors = {name: major(servers, name) for name in places}
    return World(servers, KnownSecrets(), SystemClock(), PgDumps(places, majors), "a test")


def major(servers: TidyServers, instance: str) -> int:
    session = servers.admin(instance)
    try:
        return session.version // 10000
    finally:
        session.close()


def prepared(servers: TidyServers, move: Move, source: str, target: str | None = None) -> None:
    """Two databases with the control schema; ``source`` SQL in the one, ``target`` (the same) in the other."""
    for side, text in ((SOURCE, source), (TARGET, target or source)):
        place = move.place(side)
        admin = servers.admin(place.instance)
        admin.execute(raw(f'CREATE DATABASE "{place.database}"'))
        admin.close()
        session = servers.admin(place.instance, place.database)
        for statement in (*control_sql(), *control.control_sql()):
            session.execute(statement)
        session.execute(raw(text))
        session.execute(insert(move, side, "a test"))
        session.close()


def followed(servers: TidyServers, move: Move, jobs: int = 2) -> World:
    """Copied, guarded and followed: the state from which a cutover begins."""
    on = world(servers)
    follow_it(on, move, jobs)
    return on


def follow_it(on: World, move: Move, jobs: int = 2) -> None:
    """What ``start`` does once both databases have the same tables. May be run again."""
    source = look(on, move, move.source)
    guard(on, move, SOURCE, source, refusing=False)
    copying.copy_rows(on, move, source, jobs)
    guard(on, move, TARGET, look(on, move, move.target), refusing=True)
    following.begin(on, move, source)
    following.caught_up(on, move, SOURCE, 2_000)
    for side in (move.source, move.target):
        with on.session(side) as session:
            session.execute(to_phase(move, Phase.FOLLOWING))


@dataclass
class Clients:
    """Writers that follow the service where it lives, and remember every row that a server confirmed."""

    servers: TidyServers
    move: Move
    statement: str
    confirmed: set[int] = field(default_factory=set)
    refused: int = 0
    stopping: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1_000_000))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def writing(self, many: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._write) for _ in range(many)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping = True
            for thread in threads:
                thread.join()

    def _write(self) -> None:
        side = SOURCE
        session: PgSession | None = None
        while not self.stopping:
            place = self.move.place(side)
            try:
                if session is None:
                    session = self.servers.admin(place.instance, place.database)
                with self._lock:
                    number = next(self._numbers)
                assert session is not None
                session.execute(raw(self.statement.format(number=number)))
                with self._lock:
                    self.confirmed.add(number)
                time.sleep(THINK_S)
            except ServerError as error:
                if error.sqlstate != "25006":
                    raise
                self.refused += 1
                if session is not None:
                    session.close()
                session = None
                side = TARGET if side == SOURCE else SOURCE
                time.sleep(0.002)
        if session is not None:
            session.close()


def across(move: Move, instance: str) -> Move:
    """The same move to another instance."""
    return replace(move, target=Side(instance, move.target.database))
