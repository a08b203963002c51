"""A schema, a database or the platform bears a name that PostgreSQL or Freehold keeps for itself.

Why: PostgreSQL refuses ``pg_`` names of schemas and roles; ``public`` is closed by the isolation; ``freehold`` holds
Freehold's own journal; ``postgres`` and the templates belong to the server.

Bad:
    platform: shop
    services:
      orders: {schemas: [pg_orders]}

Good:
    platform: shop
    services:
      orders: {schemas: [orders]}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.names import slug

_SCHEMAS = ("information_schema", "public", "freehold")
_DATABASES = ("postgres", "template0", "template1")


@lint()
def reserved_name(platform: Platform) -> Iterator[Note]:
    if slug(platform.name) in _DATABASES or slug(platform.name).startswith("pg_") or platform.name == "pg":
        message = f'platform name "{platform.name}" makes names that PostgreSQL keeps for itself'
        yield Note(("platform",), message, "Choose a name of your own, without pg_ at its beginning.")
    for service in platform.services:
        for index, schema in enumerate(service.schemas):
            if schema in _SCHEMAS or schema.startswith("pg_"):
                message = f'schema "{schema}" of "{service.name}" is reserved'
                hint = "Choose another name, or write schemas: [name] when it came from the service's name."
                yield Note(("services", service.name, "schemas", index), message, hint, service.name, schema)
        if service.database in _DATABASES or service.database.startswith("pg_"):
            message = f'database "{service.database}" is reserved'
            hint = "Pin the service to a database of its own."
            yield Note(("services", service.name, "database"), message, hint, service.name, service.database)
