"""Fills tables of real servers the way the command line does, without its process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from freehold.apply.run import LOCK_WAIT_MS
from freehold.apply.run.world import World as ApplyWorld
from freehold.cli.seeding import LentDoors
from freehold.found.journal import Run
from freehold.layouts.placement import place
from freehold.local.clock import SystemClock
from freehold.local.commands import ShellCommands
from freehold.ports import Servers
from freehold.seed.plan import Request
from freehold.seed.recipe import read_recipe
from freehold.seed.run import Planned, World, fill, prepare
from freehold.spec.model import Layout, Migrations, Platform, Server, ServerKind, Service
from freehold.spec.names import parse_table
from freehold.sqltext import Sql, raw
from support.applying import Heard, Workshop, sql_file


@dataclass
class Field:
    """A platform that is applied and can be filled. ``tables`` maps a service to the SQL of its tables."""

    servers: Servers
    folder: Path
    tables: dict[str, str]
    layout: Layout = Layout.DATABASE_PER_SERVICE
    services: Sequence[Service] = ()
    heard: Heard = field(default_factory=Heard)

    def __post_init__(self) -> None:
        known = {service.name: service for service in self.services}
        services = [
            known.get(name, Service(name, (name,), migrations=Migrations(folder=name))) for name in sorted(self.tables)
        ]
        self.platform = Platform("shop", self.layout, (Server("main", ServerKind.EMBEDDED),), tuple(services))
        files = {name: (sql_file("001.sql", text),) for name, text in self.tables.items() if text}
        self.workshop = Workshop(self.servers, self.folder, self.platform, files)
        self.workshop.apply()
        self.placements = place(self.platform)

    def lending(self, servers: Servers) -> ApplyWorld:
        return ApplyWorld(
            servers,
            self.workshop.secrets,
            SystemClock(),
            ShellCommands(),
            self.heard,
            Run("", "shop", "t"),
            0,
            LOCK_WAIT_MS,
        )

    def seed(
        self,
        recipe: str = "",
        rows: int = 300,
        *,
        seed: int = 1,
        workers: int = 2,
        processes: int = 0,
        only: Sequence[str] = (),
        services: Sequence[str] = (),
        append: bool = False,
        replace: bool = False,
        dry: bool = False,
        servers: Servers | None = None,
    ) -> Planned:
        """Run ``freehold seed``; what it planned."""
        wanted = frozenset(parse_table(name) for name in only)
        request = Request(str(seed), rows, wanted, append, replace)
        through = servers or self.servers
        with LentDoors(self.lending(through), self.placements) as doors:
            world = World(through, doors, SystemClock(), self.heard)
            planned = prepare(
                world,
                self.platform,
                self.placements,
                lambda anchor: read_recipe("seed.yaml", recipe, {}, anchor),
                request,
                frozenset(services),
            )
            if not dry:
                fill(world, planned, workers, processes)
        return planned

    def ask(self, service: str, text: str) -> list[tuple[object, ...]]:
        """Rows of a query in the service's database, as the administrator."""
        place_of = self.placements.of(service)
        session = self.servers.admin(place_of.instance, place_of.database)
        try:
            return [tuple(row) for row in session.query(raw(text))]
        finally:
            session.close()

    def do(self, service: str, statement: Sql) -> None:
        """Run a statement in the service's database, as the administrator."""
        place_of = self.placements.of(service)
        session = self.servers.admin(place_of.instance, place_of.database)
        try:
            session.execute(statement)
        finally:
            session.close()
