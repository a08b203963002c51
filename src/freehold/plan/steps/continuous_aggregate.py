"""Makes a rollup of a hypertable: a continuous aggregate with the name and the columns of the native table.

Why: a query of the rollup must not care which engine keeps it. It is made empty and holds what was computed, nothing
else; `freehold maintain` refreshes it. TimescaleDB's own background jobs are not used: they run as the owner of the
table, who would have to be allowed to log in, and they know of no legal hold.

Lock: SHARE ROW EXCLUSIVE on the hypertable, for a trigger that notes its changes; since TimescaleDB 2.23 there is none
and the lock is ACCESS SHARE.
Undo: the continuous aggregate is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.cutting import declared_series, is_rolled, roll, unroll
from freehold.plan.engines import Home, kept
from freehold.plan.model import Design, Effect, Later, Phase, Step, StepKind
from freehold.spec.names import show_table
from freehold.spec.series import Rollup, TimeSeries
from freehold.sqltext import Sql


@dataclass(frozen=True, kw_only=True)
class AsKept(Later):
    """Make the rollup by the engine that keeps its series."""

    home: Home
    series: TimeSeries
    rollup: Rollup

    def statements(self, found: Found) -> tuple[Sql, ...]:
        if is_rolled(found, self.home, self.series, self.rollup):
            return ()
        return roll(found, self.home, self.series, self.rollup)


@dataclass(frozen=True, kw_only=True)
class AsBefore(Later):
    """Remove the rollup."""

    home: Home
    rollup: Rollup

    def statements(self, found: Found) -> tuple[Sql, ...]:
        return unroll(found, self.home, self.rollup)


@dataclass(frozen=True, kw_only=True)
class ContinuousAggregate(Step):
    """One rollup of a series that TimescaleDB keeps."""

    kind: ClassVar[str] = "continuous_aggregate"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 6
    lock: ClassVar[str] = "SHARE ROW EXCLUSIVE on the hypertable"

    home: Home
    series: TimeSeries
    rollup: Rollup
    planned: tuple[Sql, ...]

    def say(self) -> str:
        return (
            f"create continuous aggregate {show_table(self.rollup.table)}, the rollup of "
            f"{show_table(self.series.table)} by {self.rollup.every}"
        )

    def do(self) -> tuple[Effect, ...]:
        place = ((self.home.instance, self.home.database),)
        return (AsKept(reads=place, planned=self.planned, home=self.home, series=self.series, rollup=self.rollup),)

    def undo(self) -> tuple[Effect, ...]:
        place = ((self.home.instance, self.home.database),)
        return (AsBefore(reads=place, planned=(), home=self.home, rollup=self.rollup),)

    def done(self, found: Found) -> bool:
        return is_rolled(found, self.home, self.series, self.rollup)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for home, series in declared_series(design, found):
        if kept(found, home, series).native:
            continue
        for rollup in series.rollups:
            yield ContinuousAggregate(
                instance=home.instance,
                database=home.database,
                name=f"{rollup.table.schema}.{rollup.table.table}",
                service=home.service,
                home=home,
                series=series,
                rollup=rollup,
                planned=roll(found, home, series, rollup),
            )


continuous_aggregate = StepKind(wants=_wants)
