"""A time series is to be compressed and its service does not declare the extension timescaledb.

Why: PostgreSQL itself does not compress partitions; without TimescaleDB the key has no effect.

Bad:
    platform: shop
    services:
      market:
        timeseries: {market.tick: {time: at, chunk: 1 day, compress_after: 7 days}}

Good:
    platform: shop
    services:
      market:
        extensions: [timescaledb]
        timeseries: {market.tick: {time: at, chunk: 1 day, compress_after: 7 days}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table, written_table


@lint("warning")
def compression_without_timescaledb(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        for series in service.timeseries:
            if series.compress_after is not None and "timescaledb" not in service.extensions:
                message = f"table {show_table(series.table)} is to be compressed, which PostgreSQL alone does not do"
                hint = "Add timescaledb to its extensions:, or remove compress_after."
                path = ("services", service.name, "timeseries", written_table(series.table), "compress_after")
                yield Note(path, message, hint, service.name, show_table(series.table))
