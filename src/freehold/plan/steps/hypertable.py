"""Makes a table a hypertable of TimescaleDB, which cuts it into chunks by itself, and keeps it as declared.

Why: where the extension is installed, or a service declares it, the same `timeseries:` is kept by TimescaleDB. The
table stays the table it is: a migration's columns, indexes, triggers and rights are untouched, and rows that it holds
are moved into chunks. A table with row level security stays PostgreSQL's, because policies do not reach a chunk; so
does one that is partitioned already, and a series with rollups where the edition has no continuous aggregates. Which of
them a table is that a migration is still to make, is looked at when the step is sent.

Lock: ACCESS EXCLUSIVE on the table; rows that it holds are moved meanwhile.
Undo: the length of chunks and the permission to compress are set back; a hypertable has no way back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.found.timescale import Hypertable
from freehold.plan import hypertables
from freehold.plan.cutting import as_hypertable, cut, declared_series, is_cut
from freehold.plan.engines import Home, extension_schema, kept
from freehold.plan.grants import acting
from freehold.plan.model import Action, Design, Effect, Later, Phase, Step, StepKind
from freehold.spec.names import show_table
from freehold.spec.series import TimeSeries
from freehold.sqltext import Sql, ident


@dataclass(frozen=True, kw_only=True)
class AsKept(Later):
    """Cut the table by the engine that can keep it."""

    home: Home
    series: TimeSeries

    def statements(self, found: Found) -> tuple[Sql, ...]:
        return () if is_cut(found, self.home, self.series) else cut(found, self.home, self.series)


@dataclass(frozen=True, kw_only=True)
class HypertableStep(Step):
    """One declared time series that TimescaleDB keeps. ``before`` is the hypertable that is there."""

    kind: ClassVar[str] = "hypertable"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 5
    lock: ClassVar[str] = "ACCESS EXCLUSIVE on the table; rows that it holds are moved into chunks"

    home: Home
    series: TimeSeries
    before: Hypertable | None
    target: Hypertable
    planned: tuple[Sql, ...]
    functions: str

    def say(self) -> str:
        series, have, want = self.series, self.before, self.target
        parts = [f"{n} parts by {ident(column)}" for column, n in want.space if have is None or not have.space]
        if want.compressed and not (have and have.compressed):
            parts.append(f"to be compressed after {series.compress_after}")
        if have is None:
            made = f"make table {show_table(series.table)} a hypertable by {ident(series.column)}, {series.chunk} in a "
            return "".join((made, "chunk", *(f", {part}" for part in parts), "; it has no undo"))
        if have.chunk_seconds != want.chunk_seconds:
            parts.insert(0, f"new chunks of {series.chunk}")
        kept_for_ever = "; a dimension has no undo" if want.space and have.space != want.space else ""
        return f"change hypertable {show_table(series.table)}: {', '.join(parts)}{kept_for_ever}"

    def do(self) -> tuple[Effect, ...]:
        place = ((self.home.instance, self.home.database),)
        return (AsKept(reads=place, planned=self.planned, home=self.home, series=self.series),)

    def undo(self) -> tuple[Effect, ...]:
        if self.before is None:
            return ()
        return acting(self.home.owner, hypertables.back(self.series, self.before, self.target, self.functions))

    def done(self, found: Found) -> bool:
        return is_cut(found, self.home, self.series)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for home, series in declared_series(design, found):
        if kept(found, home, series).native:
            continue
        have, want = as_hypertable(found, home, series)
        yield HypertableStep(
            instance=home.instance,
            database=home.database,
            name=f"{series.table.schema}.{series.table.table}",
            service=home.service,
            action=Action.ALTER,
            home=home,
            series=series,
            before=have,
            target=want,
            planned=cut(found, home, series),
            functions=extension_schema(found, home),
        )


hypertable = StepKind(wants=_wants)
