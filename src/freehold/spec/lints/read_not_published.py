"""A service reads a table that its owner does not publish.

Why: the owner may change what nobody is known to read; publishing is the promise that makes a read safe.

Bad:
    platform: shop
    services:
      orders: {reads: [users.account]}
      users: {}

Good:
    platform: shop
    services:
      orders: {reads: [users.account]}
      users: {publishes: [users.account]}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform, TableName
from freehold.spec.names import show_table


@lint("warning")
def read_not_published(platform: Platform) -> Iterator[Note]:
    owners = {schema: service for service in platform.services for schema in service.schemas}
    for service in platform.services:
        for table in service.reads:
            owner = owners.get(table.schema)
            if owner is None or owner is service:
                continue
            if table not in owner.publishes and TableName(table.schema, "*") not in owner.publishes:
                message = f'"{service.name}" reads {show_table(table)}, which "{owner.name}" does not publish'
                hint = f'Add it to publishes: of "{owner.name}".'
                yield Note(("services", service.name, "reads"), message, hint, service.name, show_table(table))
