"""A service adopts a table out of a schema that a service owns, or has no schema to put it into.

Why: adopting takes what nobody was assigned to and puts it into the service's first schema. What is in a service's
schema has an owner already, and a foreign application owns a database and no schema.

Bad:
    platform: shop
    services:
      orders: {schemas: [orders]}
      billing: {schemas: [billing], adopts: [orders.invoice]}

Good:
    platform: shop
    services:
      orders: {schemas: [orders]}
      billing: {schemas: [billing], adopts: [public.invoice]}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table


@lint()
def adopted_from_own_schema(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        at = ("services", service.name, "adopts")
        if service.adopts and not service.schemas:
            hint = "Name a schema under schemas:, or leave adopts: out."
            yield Note(at, f'"{service.name}" adopts tables and owns no schema', hint, service.name)
        for table in service.adopts:
            owner = platform.owner_of(table.schema)
            if owner is not None:
                message = f'table {show_table(table)} is in a schema of "{owner.name}" already'
                hint = "Name tables as they are called before they are adopted, as public.invoice."
                yield Note(at, message, hint, service.name, show_table(table))
