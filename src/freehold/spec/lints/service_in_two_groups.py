"""A service is in two groups.

Why: a service's schemas live in one database, and each group is one.

Bad:
    platform: shop
    layout: groups
    groups: {money: [orders], logistics: [orders]}
    services:
      orders:

Good:
    platform: shop
    layout: groups
    groups: {money: [orders]}
    services:
      orders:
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.spec.lints._kind import Note, lint
from freehold.spec.model import Platform


@lint()
def service_in_two_groups(platform: Platform) -> Iterator[Note]:
    first: dict[str, str] = {}
    for group, services in platform.groups:
        for service in services:
            other = first.setdefault(service, group)
            if other != group:
                message = f'service "{service}" is in the groups "{other}" and "{group}"'
                yield Note(("groups", group), message, "Keep it in one of them.", service, group)
