"""Runs a service's own migration tool, with the address of a short-lived login that acts as its owner role.

Why: teams have Alembic, Prisma or Flyway already. The tool runs when its folder differs from what ran last; the
ledger keeps a digest of it.

Lock: what the tool takes.
Undo: none; use the tool.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, RunCommand, Step, StepKind
from freehold.plan.wanted import search_path, wanted
from freehold.sqltext import ident, quote_ident

COMMAND_ROW = "command"


@dataclass(frozen=True, kw_only=True)
class MigrationCommand(Step):
    """One service's migration tool; ``sha256`` is a digest of the tool's folder."""

    kind: ClassVar[str] = "migration_command"
    phase: ClassVar[Phase] = Phase.MIGRATIONS
    rank: ClassVar[int] = 30
    lock: ClassVar[str] = "what the tool takes"
    transactional: ClassVar[bool] = False

    owner: str
    search_path: tuple[str, ...]
    command: str
    directory: str
    sha256: str
    turn: int = 0

    @property
    def place(self) -> int:
        return self.turn

    def say(self) -> str:
        return (
            f"run {quote_ident(self.command)} of service {quote_ident(self.service)} as role {ident(self.owner)}; "
            "it has no undo"
        )

    def do(self) -> tuple[Effect, ...]:
        return (
            RunCommand(
                service=self.service,
                owner=self.owner,
                search_path=self.search_path,
                command=self.command,
                directory=self.directory,
                sha256=self.sha256,
            ),
        )

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        rows = look(found).contents(self.instance, self.database).migrations
        return any((r.service, r.name, r.sha256) == (self.service, COMMAND_ROW, self.sha256) for r in rows)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    services = {service.name: service for service in design.platform.services}
    for (instance, database), want in wanted(design).databases.items():
        for placement in want.placements:
            migrations = services[placement.service].migrations
            digest = design.commands.get(placement.service)
            if migrations is None or not migrations.command or digest is None:
                continue
            yield MigrationCommand(
                instance=instance,
                database=database,
                name=COMMAND_ROW,
                service=placement.service,
                action=Action.ALTER,
                owner=placement.roles.owner,
                search_path=search_path(want, placement),
                command=migrations.command,
                directory=migrations.directory,
                sha256=digest,
                turn=want.order.get(placement.service, 0),
            )


migration_command = StepKind(wants=_wants)
