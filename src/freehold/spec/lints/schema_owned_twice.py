"""Two services own the same schema.

Why: a schema has one owner role; the second service's grants and migrations would fight the first one's, and
schema names never change between layouts, so they are unique in the whole platform.

Bad:
    platform: shop
    services:
      orders: {schemas: [sales]}
      billing: {schemas: [sales]}

Good:
    platform: shop
    services:
      orders: {schemas: [orders]}
      billing: {schemas: [billing]}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform


@lint()
def schema_owned_twice(platform: Platform) -> Iterator[Note]:
    owner: dict[str, str] = {}
    for service in platform.services:
        for index, schema in enumerate(service.schemas):
            first = owner.setdefault(schema, service.name)
            if first != service.name:
                message = f'schema "{schema}" is owned by "{first}" and by "{service.name}"'
                hint = "Give it one owner, and let the other service declare reads: or references:."
                yield Note(("services", service.name, "schemas", index), message, hint, service.name, schema)
