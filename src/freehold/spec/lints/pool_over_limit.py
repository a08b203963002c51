"""A service's pool is larger than the connections that the service may have.

Why: the pool can never be filled; the connections beyond the limit fail when they are needed.

Bad:
    platform: shop
    services:
      orders: {pool: 40, limits: {connections: 30}}

Good:
    platform: shop
    services:
      orders: {pool: 30, limits: {connections: 40}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform


@lint()
def pool_over_limit(platform: Platform) -> Iterator[Note]:
    for service in platform.services:
        pool, limit = service.pool, service.limits.connections
        if pool is not None and limit is not None and pool.size + pool.reserve > limit:
            asked = pool.size + pool.reserve
            message = f'the pool of "{service.name}" holds {asked} connections, and the service may have {limit}'
            hint = f"Write connections: {asked} below limits:, or make the pool smaller."
            yield Note(("services", service.name, "pool"), message, hint, service.name, "pool")
