"""The facts about a platform that its declaration holds, each with its line."""

from __future__ import annotations

from dataclasses import replace

from freehold.finding import Evidence
from freehold.layouts.facts import CrossingFact, CrossingKind, Facts, ServiceFact, arrange
from freehold.layouts.limits import role_limit
from freehold.spec.marked import nearest, read_at, reference_at
from freehold.spec.model import Mark, Platform, Service
from freehold.spec.names import show_table
from freehold.spec.serverwide import SESSION
from freehold.sqltext import quote_ident


def facts_of(platform: Platform, *, standing: bool = False) -> Facts:
    """The facts of a declaration. Nothing is known of sizes; with ``standing`` the services live as it says."""
    most, evidence = _max_connections(platform)
    facts = Facts(
        services=tuple(_service(platform, service) for service in platform.services),
        crossings=tuple(one for service in platform.services for one in _crossings(platform, service)),
        groups=platform.groups,
        max_connections=most,
        connections_evidence=evidence,
    )
    if not standing:
        return facts
    now = arrange(facts, platform.layout)
    return replace(facts, homes=now.homes, shared_login=now.shared_login)


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
    for reference in service.references:
        owner = platform.owner_of(reference.to_table.schema)
        if owner is not None:
            columns = ", ".join(quote_ident(column) for column in reference.columns)
            text = f"{show_table(reference.table)} ({columns}) refers to {show_table(reference.to_table)}"
            where = _at(text, reference_at(platform, service.name, reference)[0])
            found.append(CrossingFact(CrossingKind.REFERENCE, service.name, owner.name, text, where))
    for table in service.reads:
        owner = platform.owner_of(table.schema)
        if owner is not None:
            text = f'"{service.name}" reads {show_table(table)}'
            where = _at(text, read_at(platform, service.name, table))
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
    return _at(text, nearest(platform, *path))


def _at(text: str, mark: Mark) -> tuple[Evidence, ...]:
    return (Evidence(text, mark.file, mark.line),)
