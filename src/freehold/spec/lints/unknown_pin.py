"""A service is pinned to a server that is not declared.

Why: there is nowhere to place it.

Bad:
    platform: shop
    servers: {main: embedded}
    services:
      orders: {instance: ledger}

Good:
    platform: shop
    servers: {main: embedded, ledger: embedded}
    services:
      orders: {instance: ledger}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.values import near


@lint()
def unknown_pin(platform: Platform) -> Iterator[Note]:
    names = tuple(server.name for server in platform.servers)
    for service in platform.services:
        if service.instance and service.instance not in names:
            message = f'"{service.name}" is pinned to the server "{service.instance}", which is not declared'
            hint = near(service.instance, names) or f"Declared servers: {', '.join(names)}."
            yield Note(("services", service.name, "instance"), message, hint, service.name, service.instance)
