"""How many connections a login may open and how long it may wait: what is declared, else Freehold's default."""

from __future__ import annotations

from collections.abc import Iterable

from freehold.spec.model import Platform, Profile, Service

APP_CONNECTIONS = 20
POOL_SPARE = 2
RO_CONNECTIONS = 5
PLATFORM_CONNECTIONS = {"analytics": 5, "monitor": 3, "backup": 3}
POOL_LOOKUPS = 10
"""Connections of the login that looks verifiers up for the pools, at least."""
LOOKUPS_OF_ONE = 4
"""Of each pool: one for each name that it has (its own, that of the proof, that of a move), and one that is ending."""
REPLICA_CONNECTIONS = 5
"""Of the login that fills the replicas of one database: one that follows, two that copy at first, and as many again
while the server notices that earlier ones have ended."""
SUPERUSER_SPARE = 10
"""Connections of max_connections that no limit hands out: Freehold itself, a person, the server's reserve."""

LOCK_TIMEOUT_MS = 10_000
IDLE_IN_TRANSACTION_MS = 60_000
STATEMENT_TIMEOUT_MS = {
    Profile.DEFAULT: 60_000,
    Profile.LEDGER: 60_000,
    Profile.OLTP: 60_000,
    Profile.INGEST: 300_000,
    Profile.ANALYTICS: 1_800_000,
}


def role_limit(service: Service | None, purpose: str) -> int:
    """CONNECTION LIMIT of a login: ``purpose`` is app or ro of ``service``, or (service None) a platform role.

    -1 is PostgreSQL's word for no limit; a role that cannot log in has none.
    """
    if purpose in PLATFORM_CONNECTIONS:
        return PLATFORM_CONNECTIONS[purpose]
    if purpose == "owner" or service is None:
        return -1
    if purpose == "ro":
        return RO_CONNECTIONS
    if service.limits.connections is not None:
        return service.limits.connections
    if service.pool is not None:
        return service.pool.size + service.pool.reserve + POOL_SPARE
    return APP_CONNECTIONS


def lookups(platform: Platform, services: Iterable[Service]) -> int:
    """CONNECTION LIMIT of the login that looks verifiers up on the instance of these services."""
    pools = sum(service.pool is not None for service in services)
    processes = platform.pooler.processes if platform.pooler is not None else 0
    return max(POOL_LOOKUPS, LOOKUPS_OF_ONE * pools * processes)


def link_limit(service: Service) -> int:
    """What one link may need: each session of the service that reads a foreign table there holds a connection."""
    return role_limit(service, "app") + role_limit(service, "ro")


def statement_timeout_ms(service: Service) -> int:
    """What is declared, else by the service's profile."""
    declared = service.limits.statement_timeout_ms
    return declared if declared is not None else STATEMENT_TIMEOUT_MS[service.profile]


def idle_in_transaction_timeout_ms(service: Service) -> int:
    """What is declared, else one minute."""
    declared = service.limits.idle_in_transaction_timeout_ms
    return declared if declared is not None else IDLE_IN_TRANSACTION_MS


def lock_timeout_ms(service: Service) -> int:
    """What is declared, else ten seconds."""
    declared = service.limits.lock_timeout_ms
    return declared if declared is not None else LOCK_TIMEOUT_MS
