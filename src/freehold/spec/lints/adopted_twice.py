"""Two services adopt the same table.

Why: `freehold adopt` puts a table into the schema of one service. An exact name wins over a pattern with `*`, so a
pattern of one service and a name of another may overlap; two equal entries may not.

Bad:
    platform: shop
    services:
      orders: {adopts: [public.invoice]}
      billing: {adopts: [public.invoice]}

Good:
    platform: shop
    services:
      orders: {adopts: [public.order]}
      billing: {adopts: [public.invoice]}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform, TableName
from freehold.spec.names import show_table


@lint()
def adopted_twice(platform: Platform) -> Iterator[Note]:
    owner: dict[TableName, str] = {}
    for service in platform.services:
        for table in service.adopts:
            first = owner.setdefault(table, service.name)
            if first != service.name:
                message = f'table {show_table(table)} is adopted by "{first}" and by "{service.name}"'
                hint = "Give it to one of them, and let the other service declare reads: or references:."
                yield Note(("services", service.name, "adopts"), message, hint, service.name, show_table(table))
