"""The pools of a server ask for more connections than it accepts.

Why: the last pool to fill up fails with "too many clients already", under load and not before. Three connections
stay reserved for superusers, so that somebody can still look.

Bad:
    platform: shop
    settings: {max_connections: 50}
    services:
      orders: {pool: 40}
      users: {pool: 20}

Good:
    platform: shop
    settings: {max_connections: 100}
    services:
      orders: {pool: 40}
      users: {pool: 20}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.homes import declared, processes
from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform

_RESERVED = 3


@lint()
def pool_over_max_connections(platform: Platform) -> Iterator[Note]:
    for key, services in processes(platform).items():
        most = declared(platform, key, services, "max_connections")
        if not most.isdecimal() or len(most) > 9:
            continue
        pooled = [service for service in services if service.pool is not None]
        asked = sum(service.pool.size + service.pool.reserve for service in pooled if service.pool is not None)
        if asked > int(most) - _RESERVED:
            largest = max(pooled, key=lambda s: (s.pool.size if s.pool is not None else 0, s.name))
            message = (
                f'the pools on server "{key[0]}" ask for {asked} connections of {most}, {_RESERVED} of them reserved'
            )
            hint = f"Write max_connections: {asked + _RESERVED} or more, or make the pools smaller."
            yield Note(("services", largest.name, "pool"), message, hint, largest.name, key[0])
