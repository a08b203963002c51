"""A service claims or publishes a table in a schema that it does not own.

Why: who owns a schema owns its tables; the claim could never be made true.

Bad:
    platform: shop
    services:
      orders: {schemas: [orders], tables: [sales.order]}

Good:
    platform: shop
    services:
      orders: {schemas: [orders], tables: [orders.order], publishes: [orders.order]}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table


@lint()
def table_outside_schemas(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        referring = tuple(reference.table for reference in service.references)
        for key, tables in (("tables", service.tables), ("publishes", service.publishes), ("references", referring)):
            for table in tables:
                if table.schema not in service.schemas:
                    message = f'table {show_table(table)} is not in a schema of "{service.name}"'
                    hint = f'Add "{table.schema}" to its schemas:, or move the table to the service that owns it.'
                    yield Note(("services", service.name, key), message, hint, service.name, show_table(table))
