"""Names of services without what only says that they are services."""

from __future__ import annotations

import re

from freehold.discover.places import plain

_SUFFIXES = {
    "service",
    "svc",
    "services",
    "srv",
    "microservice",
    "microservices",
    "ms",
    "deployment",
    "api",
    "app",
    "server",
    "depl",
    "deploy",
    "dep",
    "sts",
}


def stem(name: str) -> str:
    """A name without what only says that it is a service: ``Orders.API``, ``orders-service``, ``orders`` are one."""
    words = [w for w in re.split(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])", name) if w]
    while len(words) > 1 and words[-1].lower() in _SUFFIXES:
        words.pop()
    return plain("".join(words))
