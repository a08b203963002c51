"""Logins that Freehold lends to migration tools and people for an hour: neither wanted, nor undeclared."""

from __future__ import annotations

from freehold.found.model import Server
from freehold.plan.model import Design
from freehold.spec.names import deploy_role


def lent(design: Design, server: Server) -> dict[str, str]:
    """The deploy logins that exist on the server, each with the owner role that it may act as.

    Only one that ends by itself counts: without VALID UNTIL it is a login like any other.
    """
    logins = {deploy_role(design.platform.name, p.service): p.roles.owner for p in design.placements.services}
    return {
        name: owner
        for name, owner in sorted(logins.items())
        if (role := server.roles.get(name)) is not None and role.valid_until not in (None, "infinity")
    }
