"""Two rollups have the same table, or a rollup has the name of a table that is declared for something else.

Why: Freehold makes and fills the table of a rollup itself.

Bad:
    platform: shop
    services:
      market:
        tables: [market.bar]
        timeseries:
          market.tick:
            time: at
            chunk: 1 day
            rollups: {market.bar: {every: 1 minute, aggregates: {n: count(*)}}}

Good:
    platform: shop
    services:
      market:
        tables: [market.symbol]
        timeseries:
          market.tick:
            time: at
            chunk: 1 day
            rollups: {market.bar: {every: 1 minute, aggregates: {n: count(*)}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table, written_table


@lint()
def rollup_name_taken(platform: Platform) -> Iterator[Note]:
    taken = {table for service in platform.services for table in service.tables}
    taken |= {one.table for service in platform.services for one in service.timeseries}
    taken |= {one.table for service in platform.services for one in service.retention}
    for service in platform.services:
        for series in service.timeseries:
            for rollup in series.rollups:
                if rollup.table in taken:
                    message = f"table {show_table(rollup.table)} of a rollup is declared for something else already"
                    path = ("timeseries", written_table(series.table), "rollups", written_table(rollup.table))
                    hint = "Give the rollup a table of its own; its retention: stands in the rollup."
                    yield Note(("services", service.name, *path), message, hint, service.name, show_table(rollup.table))
                taken.add(rollup.table)
