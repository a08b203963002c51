"""A time series, a rollup, a retention or a table of holds lies in a schema that the service does not own.

Why: only the owner may cut a table into pieces or remove its rows, and what it may not read cannot hold anything.

Bad:
    platform: shop
    services:
      market:
        timeseries: {prices.tick: {time: at, chunk: 1 day}}

Good:
    platform: shop
    services:
      market:
        timeseries: {market.tick: {time: at, chunk: 1 day}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table, written_table
from freehold.spec.tables import TableName


@lint()
def series_outside_schemas(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        found: list[tuple[TableName, tuple[str, ...]]] = []
        for series in service.timeseries:
            place = ("timeseries", written_table(series.table))
            found.append((series.table, place))
            found += [(one.table, (*place, "rollups", written_table(one.table))) for one in series.rollups]
        for retention in service.retention:
            place = ("retention", written_table(retention.table))
            found.append((retention.table, place))
            if retention.hold is not None and retention.hold.table is not None:
                found.append((retention.hold.table, (*place, "hold", "table")))
        for table, path in found:
            if table.schema not in service.schemas:
                message = f'table {show_table(table)} is not in a schema of "{service.name}"'
                hint = f'Add "{table.schema}" to its schemas:, or declare it at the service that owns it.'
                yield Note(("services", service.name, *path), message, hint, service.name, show_table(table))
