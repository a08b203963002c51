"""Two services, or a service and a group, would get the same role or database.

Why: hyphens become underscores in the names of roles and databases, so ``market-data`` and ``market_data`` are one;
a pinned database may also be the one that another service gets by itself.

Bad:
    platform: shop
    services:
      market-data:
      market_data: {schemas: [market]}

Good:
    platform: shop
    services:
      market-data:
      market: {database: shop_common}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Layout, Platform, Service
from freehold.spec.names import (
    app_role,
    deploy_role,
    owner_role,
    platform_role,
    ro_role,
    service_database,
    shared_database,
)  # fmt: skip


@lint()
def slug_clash(platform: Platform) -> Iterator[Note]:
    yield from _roles(platform)
    yield from _databases(platform)


def _roles(platform: Platform) -> Iterator[Note]:
    holder = {platform_role(platform.name, purpose): "the platform" for purpose in ("analytics", "monitor", "backup")}
    holder |= {platform_role(platform.name, purpose): "the platform" for purpose in ("owner", "app", "ro")}
    for service in platform.services:
        for made in (owner_role, app_role, ro_role, deploy_role):
            role = made(platform.name, service.name)
            first = holder.setdefault(role, f'service "{service.name}"')
            if first != f'service "{service.name}"':
                message = f'role "{role}" would belong to service "{service.name}" and to {first}'
                yield Note(("services", service.name), message, "Rename one of them.", service.name, role)
                break


def _databases(platform: Platform) -> Iterator[Note]:
    grouped = {service: group for group, services in platform.groups for service in services}
    groups = platform.layout is Layout.GROUPS
    shared = platform.layout in (Layout.CENTRAL, Layout.SCHEMA_PER_SERVICE)
    owner: dict[str, str] = {shared_database(platform.name): "the platform"} if shared else {}

    def group_of(service: Service) -> str:
        return grouped.get(service.name, "") if groups and service.schemas else ""

    for service in platform.services:
        if not service.database and not (shared and service.schemas):
            group = group_of(service)
            name = service_database(platform.name, group or service.name)
            holder = f'group "{group}"' if group else f'service "{service.name}"'
            first = owner.setdefault(name, holder)
            if first != holder:
                message = f'database "{name}" would belong to {holder} and to {first}'
                yield Note(("services", service.name), message, "Rename one of them.", service.name, name)
    for service in platform.services:
        if service.database and owner.get(service.database, "the platform") != "the platform":
            message = f'"{service.name}" is pinned to database "{service.database}" of {owner[service.database]}'
            hint = "Pin both, to say that they share it, or choose another name."
            yield Note(("services", service.name, "database"), message, hint, service.name, service.database)
