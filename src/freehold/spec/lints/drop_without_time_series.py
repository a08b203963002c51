"""Retention by dropping partitions is declared for a table that is no time series, or by another column.

Why: only a piece that holds nothing but old rows can be dropped, and pieces are cut by the time column.

Bad:
    platform: shop
    services:
      users:
        retention: {users.login: {by: at, keep: 1 year, how: drop}}

Good:
    platform: shop
    services:
      users:
        timeseries: {users.login: {time: at, chunk: 1 month}}
        retention: {users.login: {by: at, keep: 1 year, how: drop}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table, written_table
from freehold.spec.series import How


@lint()
def drop_without_time_series(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        columns = {series.table: series.column for series in service.timeseries}
        for retention in service.retention:
            if retention.how is not How.DROP or columns.get(retention.table) == retention.column:
                continue
            shown = show_table(retention.table)
            path = ("services", service.name, "retention", written_table(retention.table))
            if retention.table in columns:
                message = f'table {shown} is cut by "{columns[retention.table]}" and kept by "{retention.column}"'
                hint = f"Write by: {columns[retention.table]}, or how: delete."
            else:
                message = f"table {shown} has no partitions to drop: it is no time series"
                hint = "Declare it below timeseries:, or write how: delete."
            yield Note(path, message, hint, service.name, shown)
