"""A group names a service that is not declared.

Why: the group's database would lack a service somebody expects in it.

Bad:
    platform: shop
    layout: groups
    groups: {money: [order]}
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
from freehold.spec.values import near


@lint()
def group_unknown_service(platform: Platform) -> Iterator[Note]:
    names = tuple(service.name for service in platform.services)
    for group, services in platform.groups:
        for service in services:
            if service not in names:
                message = f'group "{group}" names "{service}", which is not a service'
                yield Note(
                    ("groups", group), message, near(service, names) or "Declare it below services:.", service, group
                )
