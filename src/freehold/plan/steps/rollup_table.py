"""Makes the table of a rollup beside its time series.

Why: a declared rollup is a table of the service like any other, with the types that PostgreSQL gives to its aggregates.
It is made empty; `freehold maintain` fills it. With TimescaleDB a continuous aggregate takes its place.

Lock: ACCESS SHARE on the time series; nothing else is there yet.
Undo: the table is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.cutting import declared_series
from freehold.plan.engines import kept
from freehold.plan.look import look
from freehold.plan.model import Design, Effect, Phase, Statement, Step, StepKind
from freehold.plan.rollups import columns, make
from freehold.spec.names import show_table
from freehold.spec.series import Rollup, TimeSeries
from freehold.sqltext import ident, keyword, sql


@dataclass(frozen=True, kw_only=True)
class RollupTable(Step):
    """The table of one rollup, made as the owner role so that it gets what every table of the owner gets."""

    kind: ClassVar[str] = "rollup_table"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 6
    lock: ClassVar[str] = "ACCESS SHARE on the time series"

    owner: str
    series: TimeSeries
    rollup: Rollup

    def say(self) -> str:
        return (
            f"create table {show_table(self.rollup.table)}, the rollup of {show_table(self.series.table)} by "
            f"{self.rollup.every}"
        )

    def do(self) -> tuple[Effect, ...]:
        return (
            Statement(sql("SET ROLE {}", ident(self.owner))),
            Statement(make(self.series, self.rollup)),
            Statement(keyword("RESET ROLE")),
        )

    def undo(self) -> tuple[Effect, ...]:
        return (Statement(sql("DROP TABLE IF EXISTS {}", ident(self.rollup.table.schema, self.rollup.table.table))),)

    def done(self, found: Found) -> bool:
        name = self.rollup.table
        table = look(found).table(self.instance, self.database or "", name.schema, name.table)
        return table is not None and table.columns == columns(self.rollup)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for home, series in declared_series(design, found):
        if not kept(found, home, series).native:
            continue
        for rollup in series.rollups:
            yield RollupTable(
                instance=home.instance,
                database=home.database,
                name=f"{rollup.table.schema}.{rollup.table.table}",
                service=home.service,
                owner=home.owner,
                series=series,
                rollup=rollup,
            )


rollup_table = StepKind(wants=_wants)
