"""A ledger service runs on settings that can lose committed data.

Why: ``synchronous_commit = off`` forgets the last commits after a crash, ``fsync = off`` and
``full_page_writes = off`` can corrupt everything; a ledger promises neither happens.

Bad:
    platform: shop
    services:
      ledger: {profile: ledger, settings: {synchronous_commit: off}}

Good:
    platform: shop
    services:
      ledger: {profile: ledger, settings: {synchronous_commit: on}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform, Profile, Server

_RISKY = ("fsync", "full_page_writes", "synchronous_commit")
_OFF = ("off", "false", "no", "0", "f", "n")


@lint("warning")
def durability_traded(platform: Platform) -> Iterator[Note]:
    servers = {server.name: server for server in platform.servers}
    for service in platform.services:
        if service.profile is not Profile.LEDGER:
            continue
        home = service.instance or ("main" if "main" in servers else platform.servers[0].name)
        found: dict[str, tuple[tuple[str, ...], str]] = {}
        sources: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
            (("settings",), platform.settings),
            (("servers", home, "settings"), _settings(servers, home)),
            (("services", service.name, "settings"), service.settings),
        )
        for path, settings in sources:
            found.update({name.lower(): ((*path, name), value) for name, value in settings})
        for name in _RISKY:
            place, value = found.get(name, ((), ""))
            if value.lower() in _OFF:
                message = f'"{service.name}" is a ledger, and {name} is {value}'
                hint = f"Write {name}: on; choose another profile when losing commits is acceptable."
                yield Note(place, message, hint, service.name, name)


def _settings(servers: Mapping[str, Server], name: str) -> tuple[tuple[str, str], ...]:
    return servers[name].settings if name in servers else ()
