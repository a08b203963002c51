"""A service reads or refers to a schema that no service owns.

Why: nobody can grant what nobody owns; usually the name is misspelt or a service is missing.

Bad:
    platform: shop
    services:
      orders: {reads: [users.account]}

Good:
    platform: shop
    services:
      orders: {reads: [users.account]}
      users: {publishes: [users.account]}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import show_table
from freehold.spec.values import near


@lint()
def undeclared_crossing(platform: Platform) -> Iterator[Note]:
    owned = {schema for service in platform.services for schema in service.schemas}
    for service in platform.services:
        targets = tuple(reference.to_table for reference in service.references)
        for key, tables in (("reads", service.reads), ("references", targets)):
            for table in tables:
                if table.schema not in owned:
                    message = f'"{service.name}" {_VERB[key]} {show_table(table)}, but no service owns "{table.schema}"'
                    hint = near(table.schema, tuple(sorted(owned))) or "Correct the schema, or declare its owner."
                    yield Note(("services", service.name, key), message, hint, service.name, show_table(table))


_VERB = {"reads": "reads", "references": "refers to"}
