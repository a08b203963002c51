"""A time series has an interval of retention and an entry below retention: as well.

Why: nobody could say which of the two counts.

Bad:
    platform: shop
    services:
      market:
        timeseries: {market.tick: {time: at, chunk: 1 day, retention: 90 days}}
        retention: {market.tick: {by: at, keep: 30 days, how: drop}}

Good:
    platform: shop
    services:
      market:
        timeseries: {market.tick: {time: at, chunk: 1 day}}
        retention: {market.tick: {by: at, keep: 30 days, how: drop}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table, written_table


@lint()
def retention_declared_twice(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        short = {series.table for series in service.timeseries if series.keep is not None}
        for retention in service.retention:
            if retention.table in short:
                message = f"how long table {show_table(retention.table)} is kept is declared twice"
                hint = "Keep the entry below retention:, or the interval in timeseries:."
                path = ("services", service.name, "retention", written_table(retention.table))
                yield Note(path, message, hint, service.name, show_table(retention.table))
