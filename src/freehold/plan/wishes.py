"""Who shall have which privileges in each schema: the service itself, its readers, referrers and followers."""

from __future__ import annotations

from collections.abc import Mapping

from freehold.layouts.model import Placement, ServiceRoles
from freehold.plan.model import Design
from freehold.plan.wanted_model import Crossing, Origin, Wish
from freehold.spec.model import Service, TableName

APP_ON_TABLES = ("DELETE", "INSERT", "SELECT", "UPDATE")
APP_ON_SEQUENCES = ("SELECT", "USAGE")


def wishes_of(
    design: Design, services: Mapping[str, Service], owners: Mapping[str, Placement]
) -> tuple[dict[str, list[Wish]], list[Crossing]]:
    """Wishes by schema. Under a shared login everybody is everybody, so crossings inside a database need no grant."""
    wishes: dict[str, list[Wish]] = {}
    crossings: list[Crossing] = []
    analytics = design.placements.roles.analytics
    for placement in design.placements.services:
        service, roles = services[placement.service], placement.roles
        for schema in placement.schemas:
            wishes.setdefault(schema, []).extend(_own(service.name, schema, roles))
        for table in service.publishes:
            wishes.setdefault(table.schema, []).extend(_on_table("publishes", service.name, table, analytics))
        for table in service.reads:
            owner = owners.get(table.schema)
            if owner is None or owner.service == service.name:
                continue
            here = (owner.instance, owner.database) == (placement.instance, placement.database)
            if here and not (owner.shared and placement.shared):
                for grantee in roles.readers:
                    wishes.setdefault(table.schema, []).extend(_on_table("reads", service.name, table, grantee))
        for reference in service.references:
            owner = owners.get(reference.to_table.schema)
            if owner is None or owner.service == service.name:
                continue
            if (owner.instance, owner.database) != (placement.instance, placement.database):
                crossings.append(Crossing(service.name, "references", reference.to_table, owner.service))
            elif not (owner.shared and placement.shared):
                to = reference.to_table
                wishes.setdefault(to.schema, []).extend(
                    (
                        Wish("references", service.name, to.schema, "SCHEMA", roles.owner, ("USAGE",)),
                        Wish("references", service.name, to.schema, "TABLES", roles.owner, ("REFERENCES",), to.table),
                    )
                )
    for login in design.placements.link_logins:
        for table in login.tables:
            asks = login.service or owners[table.schema].service
            wishes.setdefault(table.schema, []).extend(_on_table("links", asks, table, login.role))
    return wishes, crossings


def _own(service: str, schema: str, roles: ServiceRoles) -> tuple[Wish, ...]:
    return (
        Wish("own", service, schema, "SCHEMA", roles.app, ("USAGE",)),
        Wish("own", service, schema, "SCHEMA", roles.ro, ("USAGE",)),
        Wish("own", service, schema, "TABLES", roles.app, APP_ON_TABLES),
        Wish("own", service, schema, "TABLES", roles.ro, ("SELECT",)),
        Wish("own", service, schema, "SEQUENCES", roles.app, APP_ON_SEQUENCES),
        Wish("own", service, schema, "FUNCTIONS", roles.app, ("EXECUTE",)),
    )


def _on_table(origin: Origin, service: str, table: TableName, grantee: str) -> tuple[Wish, Wish]:
    name = "" if table.table == "*" else table.table
    return (
        Wish(origin, service, table.schema, "SCHEMA", grantee, ("USAGE",)),
        Wish(origin, service, table.schema, "TABLES", grantee, ("SELECT",), name),
    )
