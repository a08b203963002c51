"""A service asks for a setting of the whole server that it shares with a service that asks for another value.

Why: such a setting (``max_connections``, ``wal_level``, ``shared_buffers``) has one value for a server process;
one of the two services would not get what it declares.

Bad:
    platform: shop
    services:
      orders: {settings: {max_wal_size: 1GB}}
      users: {settings: {max_wal_size: 4GB}}

Good:
    platform: shop
    services:
      orders: {settings: {max_wal_size: 4GB, work_mem: 8MB}}
      users: {settings: {max_wal_size: 4GB, work_mem: 16MB}}
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.homes import processes
from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform
from freehold.spec.serverwide import SERVER_WIDE


@lint()
def setting_needs_server(platform: Platform) -> Iterator[Note]:
    for (server, _), services in processes(platform).items():
        first: dict[str, tuple[str, str]] = {}
        for service in services:
            for name, value in service.settings:
                if name.lower() not in SERVER_WIDE:
                    continue
                other, other_value = first.setdefault(name.lower(), (service.name, value))
                if other_value != value:
                    message = (
                        f'"{service.name}" and "{other}" share server "{server}" and want {name} = {value} '
                        f"and {other_value}"
                    )
                    hint = "Agree on one value, or pin one of them to a server of its own with instance:."
                    yield Note(("services", service.name, "settings", name), message, hint, service.name, name)
