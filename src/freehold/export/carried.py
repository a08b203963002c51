"""What the exported files of a kind say of a platform, so that `freehold discover` reads it back from them.

Each exporter names the facts that its format has a place for; the page of exports shows them as a table, and the tests
read every kind back and hold exactly these facts against the platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from freehold.export.model import Asked, Network
from freehold.export.ways import pools, ways
from freehold.plan.wanted import wanted


class Carried(StrEnum):
    """A kind of fact, as pairs or names; ``SAYS`` tells what each holds."""

    SERVICES = "services"
    SCHEMAS = "schemas"
    LOGINS = "logins"
    READERS = "logins that only read"
    PORTS = "ports"
    POOLS = "pools"
    DATABASES = "databases"
    ROLES = "roles"


SAYS: Mapping[Carried, str] = {
    Carried.SERVICES: "each service with its database, past the pool if it has one",
    Carried.SCHEMAS: "each service with each of its schemas",
    Carried.LOGINS: "each service with the login of its data",
    Carried.READERS: "each service with its login that only reads",
    Carried.PORTS: "each service with the ports at which it finds its database and its pool",
    Carried.POOLS: "each name that a pool has for a database, with that database",
    Carried.DATABASES: "each database that the files create",
    Carried.ROLES: "each role that the files create",
}


Facts = Mapping[Carried, frozenset[tuple[str, ...]]]

CLIENT = frozenset({Carried.SERVICES, Carried.SCHEMAS, Carried.LOGINS, Carried.PORTS, Carried.POOLS})
"""What a service must know to connect."""
ALL = frozenset(Carried)


def told(asked: Asked, kinds: frozenset[Carried] = ALL) -> Facts:
    """The facts of a platform, seen from the network that is asked about, as far as ``kinds`` carry them."""
    there = ways(asked)
    want = wanted(asked.design)
    pooled = [way for way in there if way.pooled]
    aliases = {(way.database, way.direct_database) for way in pooled}
    if asked.network is not Network.CLOUDNATIVEPG:
        aliases |= {(entry.alias, entry.database) for one in pools(asked) for entry in one.entries}
    facts: dict[Carried, frozenset[tuple[str, ...]]] = {
        Carried.SERVICES: frozenset((way.service, way.direct_database) for way in there),
        Carried.SCHEMAS: frozenset((way.service, schema) for way in there for schema in way.schemas),
        Carried.LOGINS: frozenset((way.service, way.user) for way in there),
        Carried.READERS: frozenset((way.service, way.user) for way in ways(asked, "ro")),
        Carried.PORTS: frozenset(
            [(way.service, str(way.direct.port)) for way in there]
            # a kind that knows no pools goes past them
            + [(way.service, str(way.host.port)) for way in pooled if Carried.POOLS in kinds]
        ),
        Carried.POOLS: frozenset(aliases),
        Carried.DATABASES: frozenset((name,) for _, name in want.databases),
        Carried.ROLES: frozenset((name,) for here in want.roles.values() for name in here),
    }
    return {kind: found for kind, found in facts.items() if kind in kinds}
