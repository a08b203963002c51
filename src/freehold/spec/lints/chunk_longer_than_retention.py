"""The pieces of a time series are longer than its rows are to be kept.

Why: a piece goes when its youngest row is too old, so the oldest rows live for as long as a piece and the retention
together; smaller pieces keep the promise better.

Bad:
    platform: shop
    services:
      market:
        timeseries: {market.tick: {time: at, chunk: 1 month, retention: 7 days}}

Good:
    platform: shop
    services:
      market:
        timeseries: {market.tick: {time: at, chunk: 1 day, retention: 7 days}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table, written_table
from freehold.spec.series import How, retentions


@lint("warning")
def chunk_longer_than_retention(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        kept = {one.table: one.keep for one in retentions(service.timeseries, service.retention) if one.how is How.DROP}
        for series in service.timeseries:
            keep = kept.get(series.table)
            if keep is not None and series.chunk.about > keep.about:
                message = f"table {show_table(series.table)} is kept for {keep} and cut into pieces of {series.chunk}"
                path = ("services", service.name, "timeseries", written_table(series.table), "chunk")
                yield Note(path, message, f"Write chunk: {keep} or less.", service.name, show_table(series.table))
