"""Two things are to listen on the same port.

Why: the second one does not start. Servers that somebody else runs do not count; a service's own port counts only
under the layout instance-per-service.

Bad:
    platform: shop
    layout: instance-per-service
    services:
      orders: {port: 5433}
      users: {port: 5433}

Good:
    platform: shop
    layout: instance-per-service
    services:
      orders: {port: 5433}
      users: {port: 5434, pool: {size: 10, port: 6434}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.homes import processes
from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Layout, Platform, ServerKind

Listener = tuple[int, tuple[str, ...], str]


@lint()
def port_clash(platform: Platform) -> Iterator[Note]:
    first: dict[int, str] = {}
    for port, path, what in _listeners(platform):
        other = first.setdefault(port, what)
        if other != what:
            message = f"{what} and {other} both listen on port {port}"
            yield Note(path, message, "Give one of them another port, or none to have a free one taken.", "", str(port))


def _listeners(platform: Platform) -> Iterator[Listener]:
    alone = platform.layout is Layout.INSTANCE_PER_SERVICE
    shared = {server for server, service in processes(platform) if not service}
    for server in platform.servers:
        # Under instance-per-service a server that nobody is pinned to is only the template of the others.
        if server.port is not None and server.kind is not ServerKind.URL and (not alone or server.name in shared):
            yield server.port, ("servers", server.name, "port"), f'server "{server.name}"'
    for service in platform.services:
        if alone and not service.instance and service.port is not None:
            yield service.port, ("services", service.name, "port"), f'service "{service.name}"'
        if service.pool is not None and service.pool.port is not None:
            yield service.pool.port, ("services", service.name, "pool", "port"), f'the pool of "{service.name}"'
