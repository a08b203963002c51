"""From a platform to its placements: which service lives in which database on which instance, under which roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import quote

from freehold.errors import LayoutError
from freehold.family import members
from freehold.layouts.kinds._kind import LayoutKind
from freehold.layouts.limits import PLATFORM_CONNECTIONS, lookups, role_limit
from freehold.layouts.links import links, logins
from freehold.layouts.model import Home, Instance, LinkLogin, Placement, Placements, PlatformRoles, ServiceRoles
from freehold.spec.model import Layout, Platform, Server, ServerKind, Service
from freehold.spec.names import app_role, owner_role, platform_role, ro_role, service_database
from freehold.spec.serverwide import SESSION

RESERVED_DATABASES = frozenset({"postgres", "template0", "template1"})


def place(platform: Platform, homes: Mapping[str, Home] = MappingProxyType({})) -> Placements:
    """Place every service of the platform; those in ``homes`` where a move has taken them.

    Raises LayoutError when the declaration cannot be placed as it asks.
    """
    _check_groups(platform)
    servers = {server.name: server for server in platform.servers}
    instances: dict[str, tuple[Server, list[Service]]] = {}
    placements: list[Placement] = []
    for declared in sorted(platform.services, key=lambda service: service.name):
        home = homes.get(declared.name, Home(platform.layout))
        kind = _kind(home.layout)
        service = replace(
            declared, instance=home.instance or declared.instance, database=home.database or declared.database
        )
        server = _server_of(platform, kind, servers, service)
        instances.setdefault(server.name, (server, []))[1].append(service)
        placements.append(
            Placement(
                service=service.name,
                instance=server.name,
                database=_database_of(platform, kind, service),
                schemas=service.schemas,
                roles=_roles_of(platform, kind, service),
                shared=kind.shared_login,
            )
        )
    _check(placements)
    crossing = links(platform, placements)
    arriving = logins(platform, placements, crossing)
    return Placements(
        platform=platform.name,
        shared_login=any(placement.shared for placement in placements),
        roles=PlatformRoles(
            analytics=platform_role(platform.name, "analytics"),
            monitor=platform_role(platform.name, "monitor"),
            backup=platform_role(platform.name, "backup"),
            pool=platform_role(platform.name, "pool") if asks(platform) else "",
        ),
        instances=tuple(_instance(platform, *instances[name], arriving) for name in sorted(instances)),
        services=tuple(placements),
        links=crossing,
        link_logins=arriving,
    )


def asks(platform: Platform) -> bool:
    """Whether the platform's pools may ask the servers for verifiers, so that a login for that is needed."""
    return platform.pooler is not None and platform.pooler.auth != "file"


def _kind(layout: Layout) -> LayoutKind:
    return members("freehold.layouts.kinds", LayoutKind)[layout.value.replace("-", "_")]


def _roles_of(platform: Platform, kind: LayoutKind, service: Service) -> ServiceRoles:
    if kind.shared_login:
        return ServiceRoles(*(platform_role(platform.name, purpose) for purpose in ("owner", "app", "ro")))
    return ServiceRoles(
        owner=owner_role(platform.name, service.name),
        app=app_role(platform.name, service.name),
        ro=ro_role(platform.name, service.name),
    )


def _database_of(platform: Platform, kind: LayoutKind, service: Service) -> str:
    if service.database in RESERVED_DATABASES:
        raise LayoutError(
            f'service "{service.name}" is pinned to database "{service.database}", which belongs to the server',
            hint="Pin it to a database of its own name, or remove the pin.",
        )
    if service.database:
        return service.database
    if not service.schemas:
        # A foreign application writes what it likes where it likes; it never shares a database, whatever the layout.
        return service_database(platform.name, service.name)
    return kind.database(platform, service)


def _server_of(platform: Platform, kind: LayoutKind, servers: Mapping[str, Server], service: Service) -> Server:
    wanted = service.instance or (service.name if kind.own_instance else "")
    if wanted in servers:
        server = servers[wanted]
        if kind.own_instance and server.port is None and service.name == wanted:
            return replace(server, port=service.port)
        return server
    named_by = next((other for other in platform.services if other.name == wanted), None)
    if wanted and not (kind.own_instance and named_by is not None):
        raise LayoutError(
            f'service "{service.name}" is pinned to instance "{wanted}", which is not declared',
            hint=f"Declare it under servers, or pin the service to one of: {_listed(sorted(servers))}.",
        )
    default = _default(servers)
    if not wanted:
        return default
    if default.kind is ServerKind.URL:
        missing = [s.name for s in platform.services if (s.instance or s.name) not in servers]
        raise LayoutError(
            f'layout "instance-per-service" needs an instance for each service, and server "{default.name}" is a URL',
            hint=f"Declare under servers one entry each for: {_listed(sorted(missing))}.",
        )
    return replace(
        default,
        name=wanted,
        port=named_by.port if named_by is not None else None,
        data=f"{default.data}/{_folder(wanted)}" if default.data else "",
    )


def _folder(name: str) -> str:
    return quote(name, safe=" ").replace(".", "%2E")


def _default(servers: Mapping[str, Server]) -> Server:
    if "main" in servers:
        return servers["main"]
    if len(servers) == 1:
        return next(iter(servers.values()))
    if not servers:
        raise LayoutError("no server is declared", hint="Write `server: embedded`, or a postgresql:// URL.")
    raise LayoutError(
        f'{len(servers)} servers are declared and none is named "main"',
        hint=f'Name the default one "main", or pin every service to one of: {_listed(sorted(servers))}.',
    )


def _instance(
    platform: Platform, server: Server, services: Sequence[Service], arriving: Sequence[LinkLogin]
) -> Instance:
    connections = sum(PLATFORM_CONNECTIONS.values()) + (lookups(platform, services) if asks(platform) else 0)
    connections += sum(role_limit(service, "app") + role_limit(service, "ro") for service in services)
    connections += sum(login.connections for login in arriving if login.source[0] == server.name)
    return Instance(
        name=server.name,
        server=server,
        port=server.port,
        profiles=tuple(sorted({service.profile for service in services})),
        settings=_settings(platform, server, services),
        connections=connections,
    )


def _settings(platform: Platform, server: Server, services: Sequence[Service]) -> tuple[tuple[str, str], ...]:
    """Service's over server's over platform's; the server's word, if it has one, settles services that disagree.

    Of a service only what its logins cannot have for themselves."""
    settings = {**dict(platform.settings), **dict(server.settings)}
    by_service: dict[str, tuple[str, str]] = {}
    for service in services:
        for key, value in service.settings:
            if key.lower() in SESSION:
                continue
            other, before = by_service.setdefault(key, (service.name, value))
            if before != value and key not in settings:
                raise LayoutError(
                    f'services "{other}" and "{service.name}" share instance "{server.name}" and ask for different '
                    f'values of "{key}": "{before}" and "{value}"',
                    hint=f'Set "{key}" once under server "{server.name}", or pin one of the services elsewhere.',
                )
            if before != value:
                by_service[key] = (other, settings[key])
    settings.update({key: value for key, (_, value) in by_service.items()})
    return tuple(sorted(settings.items()))


def _check_groups(platform: Platform) -> None:
    names = {service.name for service in platform.services}
    seen: dict[str, str] = {}
    taken = {service_database(platform.name, name): name for name in names}
    for group, services in platform.groups:
        alone = taken.get(service_database(platform.name, group))
        if platform.layout is Layout.GROUPS and alone is not None and alone not in services:
            raise LayoutError(
                f'group "{group}" and service "{alone}" would share a database, and the service is not in the group',
                hint="Rename the group, or list the service in it.",
            )
        for service in services:
            if service not in names:
                raise LayoutError(
                    f'group "{group}" lists service "{service}", which is not declared',
                    hint="Declare the service, or remove it from the group.",
                )
            if seen.setdefault(service, group) != group:
                raise LayoutError(
                    f'service "{service}" is in group "{seen[service]}" and in group "{group}"',
                    hint="Keep it in one group.",
                )


def _check(placements: Sequence[Placement]) -> None:
    homes: dict[tuple[str, str], list[Placement]] = {}
    roles: dict[str, str] = {}
    for placement in placements:
        homes.setdefault((placement.instance, placement.database), []).append(placement)
        first = roles.setdefault(placement.roles.owner, placement.service)
        if first != placement.service and not placement.shared:
            raise LayoutError(
                f'services "{first}" and "{placement.service}" would share the role "{placement.roles.owner}"',
                hint="Hyphens become underscores in role names: rename one of the services.",
            )
    for (_, database), together in sorted(homes.items()):
        alone = next((placement for placement in together if not placement.schemas), None)
        if alone is not None and len(together) > 1:
            other = next(placement for placement in together if placement is not alone)
            raise LayoutError(
                f'service "{alone.service}" owns database "{database}" whole, but service "{other.service}" is placed '
                "there too",
                hint=f'Pin one of them to another database, or give "{alone.service}" schemas.',
            )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "(none)"
