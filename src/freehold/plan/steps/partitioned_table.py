"""Cuts a table by its time column into partitions, and keeps everything else about it.

Why: a service's migration makes an ordinary table; a declared time series is a partitioned one, so that old data can be
dropped a piece at a time. Columns, defaults, identity, constraints, indexes, triggers, policies, rights, owner and
comments stay, and so do the views on it. An empty table is replaced; one that holds rows becomes the first partition.
What cannot be carried over is refused with its remedy, before anything changes. The partitions are made by
`freehold maintain`.

Lock: ACCESS EXCLUSIVE on the table, and on tables that refer to it; a table that holds rows is read once meanwhile.
Undo: none; PostgreSQL has no way back from a partitioned table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.cutting import declared_series, partitioned
from freehold.plan.engines import kept
from freehold.plan.grants import acting, acts_as
from freehold.plan.model import Action, Design, Effect, Phase, Step, StepKind
from freehold.plan.partitioning import partition_table
from freehold.spec.names import show_table
from freehold.spec.series import TimeSeries
from freehold.sqltext import ident


@dataclass(frozen=True, kw_only=True)
class PartitionedTable(Step):
    """One declared time series whose table is not partitioned as declared, or has no default partition."""

    kind: ClassVar[str] = "partitioned_table"
    phase: ClassVar[Phase] = Phase.AFTER
    rank: ClassVar[int] = 5
    lock: ClassVar[str] = "ACCESS EXCLUSIVE on the table; one that holds rows is read once"

    series: TimeSeries
    acting_as: str = ""

    def say(self) -> str:
        return (
            f"partition table {show_table(self.series.table)} by {ident(self.series.column)}, {self.series.chunk} in a "
            "piece; it has no undo"
        )

    def do(self) -> tuple[Effect, ...]:
        return acting(self.acting_as, [partition_table(self.series)])

    def undo(self) -> tuple[Effect, ...]:
        return ()

    def done(self, found: Found) -> bool:
        return partitioned(found, self.instance, self.database or "", self.series)


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for home, series in declared_series(design, found):
        if kept(found, home, series).native:
            yield PartitionedTable(
                instance=home.instance,
                database=home.database,
                name=f"{series.table.schema}.{series.table.table}",
                service=home.service,
                action=Action.ALTER,
                series=series,
                acting_as=acts_as(found, home.instance, home.owner),
            )


partitioned_table = StepKind(wants=_wants)
