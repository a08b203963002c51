"""A setting is declared that Freehold decides from other keys of the declaration.

Why: where a server listens and keeps its files follows from ``port:``, ``data:`` and the isolation; a second place that
says so would contradict the first, or open the server.

Bad:
    platform: shop
    settings: {listen_addresses: "*"}
    services:
      orders:

Good:
    platform: shop
    server: {port: 5499}
    services:
      orders:
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.homes import all_settings
from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform

_KEY = {
    "port": "Write port: of the server.",
    "data_directory": "Write data: of the server.",
    "search_path": "It follows from schemas: of the service.",
    "role": "It follows from the service's name.",
    "session_authorization": "It follows from the service's name.",
}
_CLOSED = (
    "listen_addresses",
    "unix_socket_directories",
    "hba_file",
    "ident_file",
    "config_file",
    "password_encryption",
)


@lint()
def setting_of_freehold(platform: Platform) -> Iterator[Note]:
    for path, service, name, _ in all_settings(platform):
        if name.lower() in _KEY or name.lower() in _CLOSED:
            hint = _KEY.get(name.lower(), "Remove it: Freehold keeps the server closed to all but its roles.")
            yield Note(path, f"{name} is Freehold's to set", hint, service, name)
