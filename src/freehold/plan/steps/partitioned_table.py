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

from freehold.found.model import Found, Object
from freehold.plan.engines import Engine, engine
from freehold.plan.grants import acting, acts_as, has_pending
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Phase, Step, StepKind
from freehold.plan.partitioning import partition_table
from freehold.plan.wanted import wanted
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
        seen = look(found)
        table = seen.table(self.instance, self.database or "", self.series.table.schema, self.series.table.table)
        if table is None or table.partition_key != ("RANGE", self.series.column):
            return False
        return not self.series.default_partition or any(
            item.default_partition and item.partition_of == (table.schema, table.name)
            for item in seen.objects(self.instance, self.database or "").get(table.schema, ())
        )


def _wants(design: Design, found: Found) -> Iterator[Step]:
    seen = look(found)
    services = {service.name: service for service in design.platform.services}
    for (instance, database), want in wanted(design).databases.items():
        if engine(found, want) is not Engine.NATIVE:
            continue
        for placement in want.placements:
            for series in services[placement.service].timeseries:
                table: Object | None = seen.table(instance, database, series.table.schema, series.table.table)
                if table is None and not has_pending(design, found, want, placement.service):
                    continue
                yield PartitionedTable(
                    instance=instance,
                    database=database,
                    name=f"{series.table.schema}.{series.table.table}",
                    service=placement.service,
                    action=Action.ALTER,
                    series=series,
                    acting_as=acts_as(found, instance, placement.roles.owner),
                )


partitioned_table = StepKind(wants=_wants)
