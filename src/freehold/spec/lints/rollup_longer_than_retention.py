"""A row of a rollup stands for more time than the rows it is made of are kept.

Why: the first rows of the interval are gone before the last ones come, so the sum would be of a part.

Bad:
    platform: shop
    services:
      market:
        timeseries:
          market.tick:
            time: at
            chunk: 1 day
            retention: 7 days
            rollups: {market.month: {every: 1 month, aggregates: {n: count(*)}}}

Good:
    platform: shop
    services:
      market:
        timeseries:
          market.tick:
            time: at
            chunk: 1 day
            retention: 90 days
            rollups: {market.month: {every: 1 month, aggregates: {n: count(*)}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table, written_table
from freehold.spec.series import retentions


@lint()
def rollup_longer_than_retention(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        kept = {one.table: one.keep for one in retentions(service.timeseries, service.retention)}
        for series in service.timeseries:
            keep = kept.get(series.table)
            for rollup in series.rollups:
                if keep is None or rollup.every.about <= keep.about:
                    continue
                message = (
                    f"rollup {show_table(rollup.table)} stands for {rollup.every}, and {show_table(series.table)} is "
                    f"kept for {keep}"
                )
                hint = f"Keep it for {rollup.every} at least, or roll up a shorter time."
                path = ("timeseries", written_table(series.table), "rollups", written_table(rollup.table), "every")
                yield Note(("services", service.name, *path), message, hint, service.name, show_table(rollup.table))
