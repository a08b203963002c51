"""A name is longer than 63 bytes once it is expanded to the names of roles and databases.

Why: PostgreSQL cuts longer names silently, and two names that were cut may be the same. Bytes are those of UTF-8,
so a letter may count as four.

Bad:
    platform: shop
    services:
      a-service-with-a-name-that-goes-on-and-on-until-nobody-reads-it:

Good:
    platform: shop
    services:
      a-service-with-a-name-that-ends:
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform, Service
from freehold.spec.names import (
    NAME_BYTES,
    byte_length,
    deploy_role,
    owner_role,
    platform_role,
    service_database,
)  # fmt: skip

Named = tuple[tuple[str | int, ...], str, str]


@lint()
def name_too_long(platform: Platform) -> Iterator[Note]:
    names: list[Named] = [(("platform",), "role", platform_role(platform.name, "analytics"))]
    names += [(("groups", group), "database", service_database(platform.name, group)) for group, _ in platform.groups]
    for path, kind, name in names:
        yield from _long(path, kind, name, "")
    for service in platform.services:
        said: set[str] = set()
        for path, kind, name in _names(platform, service):
            if name not in said:
                said.add(name)
                yield from _long(path, kind, name, service.name)


def _long(path: tuple[str | int, ...], kind: str, name: str, service: str) -> Iterator[Note]:
    size = byte_length(name)
    if size > NAME_BYTES:
        message = f'{kind} "{name}" has {size} bytes, and PostgreSQL keeps {NAME_BYTES}'
        yield Note(path, message, f"Shorten it by {size - NAME_BYTES} bytes.", service, name)


def _names(platform: Platform, service: Service) -> Iterator[Named]:
    here = ("services", service.name)
    # The longest role says it for all of them.
    yield here, "role", max(owner_role(platform.name, service.name), deploy_role(platform.name, service.name), key=len)
    yield (*here, "database"), "database", service.database
    for index, schema in enumerate(service.schemas):
        yield (*here, "schemas", index), "schema", schema
    for key, tables in (("tables", service.tables), ("reads", service.reads), ("publishes", service.publishes)):
        for table in tables:
            yield (*here, key), "schema", table.schema
            yield (*here, key), "table", table.table
    for reference in service.references:
        for name in (reference.table.table, reference.to_table.table, *reference.columns, *reference.to_columns):
            yield (*here, "references"), "name", name
