"""Which PgBouncers a platform needs, and what each serves: the declaration and the placements, nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from freehold.layouts.limits import RO_CONNECTIONS
from freehold.layouts.model import Placements
from freehold.pool.model import Auth, Bouncer, Entry
from freehold.pool.text import OF_ONE
from freehold.spec.model import Platform, Pool, Pooler, Service
from freehold.spec.names import NAME_BYTES, platform_role, service_database

ADMIN = "freehold"
"""The login of PgBouncer's own console. It exists in no server, and no service has its password."""
ALL = "platform"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance answers, and whether Freehold's login there is a superuser."""

    host: str
    port: int
    sslmode: str
    superuser: bool


def bouncers(platform: Platform, placements: Placements, places: Mapping[str, Place]) -> tuple[Bouncer, ...]:
    """Every PgBouncer of the platform, by name. Services of instances that are not in ``places`` are left out."""
    pooler = platform.pooler
    if pooler is None:
        return ()
    pooled = [service for service in platform.services if service.pool is not None]
    entries = {
        service.name: entry
        for service in pooled
        if service.pool is not None and (entry := _entry(platform, placements, places, service, service.pool))
    }
    if pooler.sharing == ALL:
        return (_bouncer(platform, pooler, ALL, pooler.port, tuple(entries.values()), places),) if entries else ()
    ports = {service.name: service.pool.port for service in pooled if service.pool is not None}
    return tuple(
        _bouncer(platform, pooler, name, ports[name], (entry,), places) for name, entry in sorted(entries.items())
    )


def part(bouncer: Bouncer, process: int) -> Bouncer:
    """What one of several processes (from 0) serves: its part of the server connections, so that all together open
    no more than declared, and at least one. Clients are not shared out: the kernel spreads them as it likes."""

    def mine(whole: int, least: int) -> int:
        return max(least, whole // bouncer.processes + (process < whole % bouncer.processes))

    return replace(
        bouncer,
        entries=tuple(
            replace(entry, size=mine(entry.size, 1), reserve=mine(entry.reserve, 0), most=mine(entry.most, 1))
            for entry in bouncer.entries
        ),
    )


def alias(platform: str, service: str) -> str:
    """The database name that clients of a pool use, in every layout.

    PgBouncer's file takes letters, digits, ``_``, ``.`` and ``-``; what else a name holds is written as ``-`` and the
    byte in hexadecimal (a name has no hyphen of its own: they became underscores). Too long a name ends in a digest.
    """
    name = service_database(platform, service)
    written = "".join(
        char if char.isascii() and (char.isalnum() or char in "_.") else "".join(f"-{b:02x}" for b in char.encode())
        for char in name
    )
    room = NAME_BYTES - len(OF_ONE)
    if len(written) <= room:
        return written
    return f"{written[: room - 17]}-{sha256(name.encode()).hexdigest()[:16]}"


def _entry(
    platform: Platform, placements: Placements, places: Mapping[str, Place], service: Service, pool: Pool
) -> Entry | None:
    placement = placements.of(service.name)
    place = places.get(placement.instance)
    if place is None:
        return None
    return Entry(
        alias=alias(platform.name, service.name),
        service=service.name,
        instance=placement.instance,
        host=place.host,
        port=place.port,
        database=placement.database,
        mode=pool.mode,
        size=pool.size,
        reserve=pool.reserve,
        most=pool.size + pool.reserve + RO_CONNECTIONS,
        max_clients=pool.max_clients,
        sslmode=place.sslmode,
    )


def _bouncer(
    platform: Platform,
    pooler: Pooler,
    name: str,
    port: int | None,
    entries: tuple[Entry, ...],
    places: Mapping[str, Place],
) -> Bouncer:
    return Bouncer(
        name=name,
        port=port,
        processes=pooler.processes,
        entries=entries,
        auth=_auth(pooler, {entry.instance for entry in entries}, places),
        admin=ADMIN,
        lookup=platform_role(platform.name, "pool"),
        wait_timeout_ms=pooler.wait_timeout_ms,
        idle_timeout_ms=pooler.idle_timeout_ms,
        reset=pooler.reset,
        tls_key=pooler.tls_key,
        tls_certificate=pooler.tls_certificate,
    )


def _auth(pooler: Pooler, instances: Collection[str], places: Mapping[str, Place]) -> Auth:
    """As declared; else by query where every server lets Freehold make a function that may read verifiers."""
    if pooler.auth:
        return Auth(pooler.auth)
    return Auth.QUERY if all(places[name].superuser for name in instances) else Auth.FILE
