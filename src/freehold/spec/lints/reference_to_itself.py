"""A service declares a read of, or a reference to, its own data.

Why: ``reads`` and ``references`` are what crosses a boundary; a service's own tables need neither, so the line
hides a mistake in a schema name.

Bad:
    platform: shop
    services:
      orders:
        references: [{from: orders.line(order_id), to: orders.order(id)}]

Good:
    platform: shop
    services:
      orders:
        references: [{from: orders.line(user_id), to: users.account(id)}]
      users: {publishes: [users.account]}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table


@lint()
def reference_to_itself(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        targets = tuple(reference.to_table for reference in service.references)
        for key, tables in (("reads", service.reads), ("references", targets)):
            for table in tables:
                if table.schema in service.schemas:
                    message = f'"{service.name}" declares {key} of its own table {show_table(table)}'
                    hint = "Remove the line, or correct the schema."
                    yield Note(("services", service.name, key), message, hint, service.name, show_table(table))
