"""Several servers are declared, none is named main, and a service is pinned to none of them.

Why: which server such a service lives on would depend on the order of names.

Bad:
    platform: shop
    servers: {east: embedded, west: embedded}
    services:
      orders:

Good:
    platform: shop
    servers: {main: embedded, west: embedded}
    services:
      orders:
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform


@lint()
def no_default_server(platform: Platform) -> Iterator[Note]:
    names = [server.name for server in platform.servers]
    homeless = [service.name for service in platform.services if not service.instance]
    if len(names) > 1 and "main" not in names and homeless:
        message = f'{len(names)} servers are declared, and none is named "main" for "{homeless[0]}"'
        yield Note(("servers",), message, "Name one of them main, or pin every service with instance:.")
