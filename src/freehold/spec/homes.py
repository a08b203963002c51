"""Which services share a server process under a layout, as far as the declaration alone can tell."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.model import Layout, Platform, Service


def default_server(platform: Platform) -> str:
    """The server of a service without a pin: ``main``, or the first by name."""
    names = [server.name for server in platform.servers]
    return "main" if "main" in names else names[0]


def home(platform: Platform, service: Service) -> tuple[str, str]:
    """The server process of ``service``: the server's name, and the service's own name when it has one to itself."""
    if service.instance:
        return service.instance, ""
    own = platform.layout is Layout.INSTANCE_PER_SERVICE
    return default_server(platform), service.name if own else ""


def processes(platform: Platform) -> dict[tuple[str, str], tuple[Service, ...]]:
    """The services of each server process."""
    found: dict[tuple[str, str], tuple[Service, ...]] = {}
    for service in platform.services:
        key = home(platform, service)
        found[key] = (*found.get(key, ()), service)
    return found


def declared(platform: Platform, key: tuple[str, str], services: tuple[Service, ...], name: str) -> str:
    """The value of the setting ``name`` of a server process: service's over server's over platform's, or empty."""
    value = ""
    server = next((s.settings for s in platform.servers if s.name == key[0]), ())
    for settings in (platform.settings, server, *(service.settings for service in services)):
        value = next((text for setting, text in settings if setting.lower() == name), value)
    return value


def all_settings(platform: Platform) -> Iterator[tuple[tuple[str, ...], str, str, str]]:
    """Every declared setting: its path, the service it is of (or empty), its name and its value."""
    for name, value in platform.settings:
        yield ("settings", name), "", name, value
    for server in platform.servers:
        for name, value in server.settings:
            yield ("servers", server.name, "settings", name), "", name, value
    for service in platform.services:
        for name, value in service.settings:
            yield ("services", service.name, "settings", name), service.name, name, value
