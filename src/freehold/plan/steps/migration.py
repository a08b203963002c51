"""Runs a service's own SQL files, in order, each once, as the service's owner role.

Why: a service's tables change with its code. Each file is one transaction together with its row in the ledger,
unless a comment in it says otherwise. A file that was edited or removed after it ran is refused before anything
starts, because the next server would get another schema.

Lock: what the file takes.
Undo: none; write another migration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.errors import MigrationError
from freehold.found.model import Found
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, MigrationFile, Phase, RunMigration, Step, StepKind
from freehold.plan.wanted import search_path, wanted
from freehold.sqltext import ident, quote_ident, raw

COMMAND_ROW = "command"
"""The ledger row of a service that migrates with its own tool."""


@dataclass(frozen=True, kw_only=True)
class MigrationStep(Step):
    """One SQL file of a service; ``turn`` is the service's place among those it refers to."""

    kind: ClassVar[str] = "migration"
    phase: ClassVar[Phase] = Phase.MIGRATIONS
    rank: ClassVar[int] = 20
    lock: ClassVar[str] = "what the file takes"

    owner: str
    search_path: tuple[str, ...]
    file: MigrationFile
    turn: int = 0

    @property
    def place(self) -> int:
        return self.turn

    def say(self) -> str:
        alone = "" if self.file.transactional else ", outside a transaction"
        return (
            f"run migration {quote_ident(self.name)} of service {quote_ident(self.service)} "
            f"as role {ident(self.owner)}{alone}; it has no undo"
        )

    def do(self) -> tuple[Effect, ...]:
        return (
            RunMigration(
                service=self.service,
                owner=self.owner,
                search_path=self.search_path,
                name=self.file.name,
                sha256=self.file.sha256,
                sql=raw(self.file.text),
                transactional=self.file.transactional,
            ),
        )

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        rows = look(found).contents(self.instance, self.database).migrations
        return any((row.service, row.name) == (self.service, self.file.name) for row in rows)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    for (instance, database), want in wanted(design).databases.items():
        rows = seen.contents(instance, database).migrations
        for placement in want.placements:
            files = design.migrations.get(placement.service, ())
            ledger = {row.name: row.sha256 for row in rows if row.service == placement.service}
            if placement.service not in design.commands:
                check(placement.service, files, ledger)
            for file in files:
                if file.name not in ledger:
                    yield MigrationStep(
                        instance=instance,
                        database=database,
                        name=file.name,
                        service=placement.service,
                        action=Action.ALTER,
                        owner=placement.roles.owner,
                        search_path=search_path(want, placement),
                        file=file,
                        turn=want.order.get(placement.service, 0),
                    )


def check(service: str, files: tuple[MigrationFile, ...], ledger: dict[str, str]) -> None:
    """Raise MigrationError when what ran and what is there now do not tell the same story."""
    there = {file.name: file for file in files}
    for name in sorted(set(ledger) - {COMMAND_ROW}):
        if name not in there:
            raise MigrationError(
                f'migration "{name}" of service "{service}" has run (sha256 {ledger[name]}) and its file is missing',
                hint="Bring the file back as it was; to take its changes back, write another migration.",
            )
        if there[name].sha256 != ledger[name]:
            raise MigrationError(
                f'migration "{name}" of service "{service}" was edited after it ran: it ran with sha256 '
                f"{ledger[name]}, the file now has {there[name].sha256}",
                hint="Bring the file back as it was, and write the change as another migration.",
            )
    last = max((position for position, file in enumerate(files) if file.name in ledger), default=-1)
    for file in files[: max(last, 0)]:
        if file.name not in ledger:
            raise MigrationError(
                f'migration "{file.name}" of service "{service}" comes before "{files[last].name}", which has run',
                hint="Rename the new file so that it sorts after the last one that ran.",
            )


migration = StepKind(wants=_wants)
