"""The facts about a platform that its declaration holds, each with its line."""

from __future__ import annotations

from freehold.finding import Evidence
from freehold.layouts.facts import CrossingFact, CrossingKind, Facts, ServiceFact
from freehold.layouts.limits import role_limit
from freehold.spec.model import Platform, Service
from freehold.spec.names import dotted, show_table
from freehold.spec.serverwide import SESSION
from freehold.sqltext import quote_ident


def facts_of(platform: Platform) -> Facts:
    """The facts of a declaration. Nothing is known of sizes, nor of what stands anywhere."""
    most, evidence = _max_connections(platform)
    return Facts(
        services=tuple(_service(platform, service) for service in platform.services),
        crossings=tuple(one for service in platform.services for one in _crossings(platform, service)),
        groups=platform.groups,
        max_connections=most,
        connections_evidence=evidence,
    )


def _service(platform: Platform, service: Service) -> ServiceFact:
    server_settings = {key for key, _ in service.settings if key.lower() not in SESSION}
    return ServiceFact(
        name=service.name,
        connections=role_limit(service, "app") + role_limit(service, "ro"),
        classification=service.classification,
        profile=service.profile,
        extensions=service.extensions,
        server_settings=tuple(sorted(server_settings)),
        whole_database=not service.schemas,
        database=service.database,
        instance=service.instance,
        evidence=_evidence(platform, f'service "{service.name}"', "services", service.name),
    )


def _crossings(platform: Platform, service: Service) -> list[CrossingFact]:
    found: list[CrossingFact] = []
    for number, reference in enumerate(service.references):
        owner = platform.owner_of(reference.to_table.schema)
        if owner is not None:
            columns = ", ".join(quote_ident(column) for column in reference.columns)
            text = f"{show_table(reference.table)} ({columns}) refers to {show_table(reference.to_table)}"
            where = _evidence(platform, text, "services", service.name, "references", number)
            found.append(CrossingFact(CrossingKind.REFERENCE, service.name, owner.name, text, where))
    for number, table in enumerate(service.reads):
        owner = platform.owner_of(table.schema)
        if owner is not None:
            text = f'"{service.name}" reads {show_table(table)}'
            where = _evidence(platform, text, "services", service.name, "reads", number)
            found.append(CrossingFact(CrossingKind.READ, service.name, owner.name, text, where))
    return found


def _max_connections(platform: Platform) -> tuple[int | None, tuple[Evidence, ...]]:
    """What is declared for the platform or for its servers; of several servers the least."""
    found: list[tuple[int, tuple[Evidence, ...]]] = []
    for path, settings in (
        (("settings",), platform.settings),
        *((("servers", server.name, "settings"), server.settings) for server in platform.servers),
    ):
        for key, value in settings:
            if key.lower() == "max_connections" and value.isdecimal() and len(value) < 10 and int(value) > 0:
                found.append((int(value), _evidence(platform, f"max_connections: {value}", *path, key)))
    return min(found, key=lambda one: one[0]) if found else (None, ())


def _evidence(platform: Platform, text: str, *path: str | int) -> tuple[Evidence, ...]:
    """The place of a path in the declaration, or of the nearest thing around it that has one."""
    for length in range(len(path), 0, -1):
        mark = platform.marks.get(dotted(*path[:length]))
        if mark is not None:
            return (Evidence(text, mark.file, mark.line),)
    return (Evidence(text, platform.file),)
