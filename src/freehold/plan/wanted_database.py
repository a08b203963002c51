"""What a database of the design holds: schemas, extensions, who may connect, how many, and whose turn comes first."""

from __future__ import annotations

from collections.abc import Mapping

from freehold.layouts import limits
from freehold.layouts.model import LinkLogin, Placement
from freehold.plan.login_settings import login_settings
from freehold.plan.model import Design
from freehold.plan.wanted_model import WantedDatabase, WantedSchema, Wish
from freehold.spec.model import Service, Via
from freehold.spec.names import deploy_role

EXTENSIONS_SCHEMA = "extensions"
DEPLOY_CONNECTIONS = 2


def database_of(
    design: Design,
    services: Mapping[str, Service],
    place: tuple[str, str],
    placements: tuple[Placement, ...],
    wishes: Mapping[str, list[Wish]],
) -> WantedDatabase:
    """One database with everything in it that somebody declared."""
    schemas = {
        schema: WantedSchema(schema, p.service, p.roles.owner, tuple(dict.fromkeys(wishes.get(schema, ()))))
        for p in placements
        for schema in p.schemas
    }
    extensions: dict[str, list[str]] = {}
    users: set[str] = set()
    for placement in placements:
        for extension in services[placement.service].extensions:
            extensions.setdefault(extension, []).append(placement.service)
        if services[placement.service].extensions and placement.schemas:
            users.update((placement.roles.owner, placement.roles.app, placement.roles.ro))
    for link in design.placements.links:
        if link.reader == place and (through := link.through(Via.FOREIGN_TABLE)):
            readers = {reader for table in through for reader in table.readers}
            extensions["postgres_fdw"] = sorted({*extensions.get("postgres_fdw", ()), *readers})
    declared = {schema for service in design.platform.services for schema in service.schemas}
    foreign = next((p.roles.app for p in placements if not p.schemas), "")
    arriving = tuple(login for login in design.placements.link_logins if login.source == place)
    access = _access(design, services, placements, schemas, arriving)
    extension_schema = EXTENSIONS_SCHEMA if EXTENSIONS_SCHEMA not in declared else f"freehold_{EXTENSIONS_SCHEMA}"
    return WantedDatabase(
        instance=place[0],
        name=place[1],
        placements=placements,
        schemas=dict(sorted(schemas.items())),
        access=access,
        foreign=foreign,
        connection_limit=_connection_limit(design, services, placements, access)
        + sum(login.connections for login in arriving),
        extensions={name: tuple(extensions[name]) for name in sorted(extensions)},
        extension_schema=extension_schema,
        extension_users=tuple(sorted(users)),
        settings=login_settings(
            [(placement, services[placement.service]) for placement in placements],
            arriving,
            extension_schema,
            frozenset(users),
        ),
        order=_turns(services, placements, {name: schema.service for name, schema in schemas.items()}),
    )


def _access(
    design: Design,
    services: Mapping[str, Service],
    placements: tuple[Placement, ...],
    schemas: Mapping[str, WantedSchema],
    arriving: tuple[LinkLogin, ...],
) -> dict[str, frozenset[str]]:
    platform = design.placements.roles
    access = {platform.monitor: frozenset({"CONNECT"}), platform.backup: frozenset({"CONNECT"})}
    access.update({login.role: frozenset({"CONNECT"}) for login in arriving})
    if any(wish.origin == "publishes" for schema in schemas.values() for wish in schema.wishes):
        access[platform.analytics] = frozenset({"CONNECT"})
    if platform.pool and any(services[placement.service].pool is not None for placement in placements):
        access[platform.pool] = frozenset({"CONNECT"})
    for placement in placements:
        access[placement.roles.app] = frozenset({"CONNECT"})
        access[placement.roles.ro] = frozenset({"CONNECT"})
        if migrates(design, services[placement.service]):
            # The deploy login has no right of its own: it connects as a member of the owner role, and a migration
            # may need a temporary table. No other login is ever a member.
            access[placement.roles.owner] = frozenset({"CONNECT", "TEMPORARY"})
        if not placement.schemas:
            access[placement.roles.app] = frozenset({"CONNECT", "CREATE", "TEMPORARY"})
    return dict(sorted(access.items()))


def _connection_limit(
    design: Design,
    services: Mapping[str, Service],
    placements: tuple[Placement, ...],
    access: Mapping[str, frozenset[str]],
) -> int:
    total = limits.SUPERUSER_SPARE
    for placement in placements:
        service = services[placement.service]
        total += limits.role_limit(service, "app") + limits.role_limit(service, "ro")
        total += DEPLOY_CONNECTIONS if migrates(design, service) else 0
    platform = design.placements.roles
    for purpose, name in (
        ("analytics", platform.analytics),
        ("monitor", platform.monitor),
        ("backup", platform.backup),
    ):
        total += limits.role_limit(None, purpose) if name in access else 0
    if platform.pool in access:
        total += limits.lookups(design.platform, [services[placement.service] for placement in placements])
    return total


def _turns(
    services: Mapping[str, Service], placements: tuple[Placement, ...], owners: Mapping[str, str]
) -> dict[str, int]:
    """Services in an order in which a referenced service comes before the one that refers to it; ties by name.

    A circle is broken at its first name: one of its references can then only be granted by the next apply.
    """
    waits = {
        p.service: {
            owners[reference.to_table.schema]
            for reference in services[p.service].references
            if owners.get(reference.to_table.schema, p.service) != p.service
        }
        for p in placements
    }
    turns: dict[str, int] = {}
    left = sorted(waits)
    while left:
        ready = next((name for name in left if waits[name] <= turns.keys()), left[0])
        turns[ready] = len(turns) + 1
        left.remove(ready)
    return turns


def migrates(design: Design, service: Service) -> bool:
    """Whether a deploy login will connect for the service: it brings schema changes, or tables to be maintained."""
    maintained = bool(service.timeseries or service.retention)
    return maintained or service.migrations is not None or bool(design.migrations.get(service.name))


def deploy_roles(design: Design, database: WantedDatabase) -> tuple[str, ...]:
    """The short-lived logins that may run migrations in the database."""
    services = {service.name: service for service in design.platform.services}
    return tuple(
        deploy_role(design.platform.name, p.service)
        for p in database.placements
        if p.schemas and migrates(design, services[p.service])
    )
