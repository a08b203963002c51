"""What every role, database and schema should be: the design turned inside out, object by object."""

from __future__ import annotations

from freehold.layouts.model import Placement
from freehold.plan.login_settings import path_of
from freehold.plan.model import Design
from freehold.plan.wanted_database import database_of
from freehold.plan.wanted_model import Wanted, WantedDatabase
from freehold.plan.wanted_roles import roles_of
from freehold.plan.wishes import wishes_of


def wanted(design: Design) -> Wanted:
    """Everything the design wants; worked out once for a design, since every kind of step asks for it."""
    if not design.worked_out:
        design.worked_out.append(_wanted(design))
    return design.worked_out[0]


def search_path(database: WantedDatabase, placement: Placement) -> tuple[str, ...]:
    """The search_path of a service's own logins."""
    return path_of(placement, database.extension_schema, database.extension_users)


def _wanted(design: Design) -> Wanted:
    services = {service.name: service for service in design.platform.services}
    schema_owner = {schema: placement for placement in design.placements.services for schema in placement.schemas}
    by_database: dict[tuple[str, str], list[Placement]] = {}
    for placement in design.placements.services:
        by_database.setdefault((placement.instance, placement.database), []).append(placement)
    wishes, crossings = wishes_of(design, services, schema_owner)
    databases = {
        place: database_of(design, services, place, tuple(by_database[place]), wishes) for place in sorted(by_database)
    }
    return Wanted(roles=roles_of(design, services), databases=databases, crossings=tuple(crossings))
