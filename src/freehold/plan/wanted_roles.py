"""Which roles a design wants on each instance, and how many connections each may have."""

from __future__ import annotations

from collections.abc import Mapping

from freehold.layouts import limits
from freehold.plan.model import Design
from freehold.plan.wanted_model import WantedRole
from freehold.spec.model import Service


def roles_of(design: Design, services: Mapping[str, Service]) -> dict[str, dict[str, WantedRole]]:
    """Every role, by instance and name."""
    roles: dict[str, dict[str, WantedRole]] = {}
    for instance in design.placements.instances:
        here_too = [services[one.service] for one in design.placements.services if one.instance == instance.name]
        most = {**limits.PLATFORM_CONNECTIONS, "pool": limits.lookups(design.platform, here_too)}
        roles[instance.name] = {
            name: WantedRole(name, purpose, "", True, most[purpose])
            for purpose, name in (
                ("analytics", design.placements.roles.analytics),
                ("backup", design.placements.roles.backup),
                ("monitor", design.placements.roles.monitor),
                ("pool", design.placements.roles.pool),
            )
            if name
        }
    for placement in design.placements.services:
        here = roles[placement.instance]
        for purpose, name in (
            ("owner", placement.roles.owner),
            ("app", placement.roles.app),
            ("ro", placement.roles.ro),
        ):
            limit = limits.role_limit(services[placement.service], purpose)
            if name in here and limit >= 0 and purpose != "owner":
                limit += here[name].connection_limit
            here[name] = WantedRole(
                name, purpose, "" if placement.shared else placement.service, purpose != "owner", limit
            )
    for login in design.placements.link_logins:
        here = roles[login.source[0]]
        limit = login.connections + (here[login.role].connection_limit if login.role in here else 0)
        here[login.role] = WantedRole(login.role, login.purpose, login.service, True, limit)
    for link in design.placements.links:
        mirror = design.placements.roles.mirror
        roles[link.reader[0]][mirror] = WantedRole(mirror, "mirror", "", False, -1)
    return {instance: dict(sorted(here.items())) for instance, here in roles.items()}
