"""A setting of the whole server is declared for a server that somebody else runs.

Why: Freehold does not configure a server it only logs in to; the declaration would say what is not so.

Bad:
    platform: shop
    server: {url: postgresql://admin@db.example.com/postgres, settings: {shared_buffers: 4GB}}
    services:
      orders:

Good:
    platform: shop
    server: {url: postgresql://admin@db.example.com/postgres, settings: {work_mem: 16MB}}
    services:
      orders:
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform, ServerKind
from freehold.spec.serverwide import SERVER_WIDE


@lint("warning")
def settings_of_foreign_server(platform: Platform) -> Iterator[Note]:
    for server in platform.servers:
        for name, _ in server.settings if server.kind is ServerKind.URL else ():
            if name.lower() in SERVER_WIDE:
                message = f'{name} of server "{server.name}" is for whoever runs that server to set'
                hint = "Set it there (ALTER SYSTEM, or the provider's console) and remove the line."
                yield Note(("servers", server.name, "settings", name), message, hint, "", name)
