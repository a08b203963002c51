"""Two services claim the same table.

Why: the second migration that touches it breaks the first service.

Bad:
    platform: shop
    services:
      orders: {schemas: [orders], tables: [orders.invoice]}
      billing: {schemas: [billing], tables: [orders.invoice]}

Good:
    platform: shop
    services:
      orders: {schemas: [orders], tables: [orders.order]}
      billing: {schemas: [billing], tables: [billing.invoice]}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform, TableName
from freehold.spec.names import show_table


@lint()
def table_owned_twice(platform: Platform) -> Iterator[Note]:
    owner: dict[TableName, str] = {}
    for service in platform.services:
        for table in service.tables:
            first = owner.setdefault(table, service.name)
            if first != service.name:
                message = f'table {show_table(table)} is owned by "{first}" and by "{service.name}"'
                hint = "Give it one owner, and let the other service declare reads:."
                yield Note(("services", service.name, "tables"), message, hint, service.name, show_table(table))
