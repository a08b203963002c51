"""One service is led to different databases by different places: a compose file, an env file, the default in its code.

Why: which one it gets depends on how it is started, and the data of the other is missed. Two databases named together
in one place are no contradiction, nor are those of two environments that are both named.

Bad:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: shop_orders, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/shop_orders"}
    === orders/package.json
    {"name": "orders"}
    === orders/.env.example
    DATABASE_URL=postgresql://orders@localhost/orders_service

Good:
    === compose.yaml
    services:
      db:
        image: postgres:17
        environment: {POSTGRES_DB: shop_orders, POSTGRES_PASSWORD: "${PASSWORD}"}
      orders:
        build: ./orders
        environment: {DATABASE_URL: "postgresql://orders@db/shop_orders"}
    === orders/package.json
    {"name": "orders"}
    === orders/.env.example
    DATABASE_URL=postgresql://orders@localhost/shop_orders
    === orders/.env.test
    DATABASE_URL=postgresql://orders@localhost/orders_test
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from freehold.discover.conflicts._kind import Note, conflict
from freehold.discover.model import Discovery, Use
from freehold.discover.places import plain

_PLACES_SHOWN = 8


@conflict("warning")
def several_databases(discovery: Discovery) -> Iterator[Note]:
    by_service: dict[str, list[Use]] = defaultdict(list)
    for use in discovery.uses:
        if use.environment != "test":
            by_service[use.service].append(use)
    for service, uses in sorted(by_service.items()):
        apart = _apart(uses)
        if apart:
            names = sorted({use.database for use in apart})
            yield Note(
                service,
                f'service "{service}"',
                f'"{service}" is led to ' + " and ".join(f'"{name}"' for name in names),
                "Which database it gets depends on how it is started: "
                + "; ".join(f"{use.at.place} ({use.how}) says {use.database}" for use in apart[:_PLACES_SHOWN]),
                tuple(use.at for use in apart[:_PLACES_SHOWN]),
            )


def _apart(uses: list[Use]) -> list[Use]:
    """Uses of two places neither of which names all that the other does."""
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    spoken: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for use in uses:
        places[use.at.file, use.environment].add(plain(use.database))
        spoken[use.at.file, use.environment].append(use)
    found: dict[Use, None] = {}
    keys = sorted(places)
    for first in keys:
        for second in keys:
            named = first[1] and second[1] and first[1] != second[1]
            if first < second and not named and places[first] - places[second] and places[second] - places[first]:
                for use in (*spoken[first], *spoken[second]):
                    found[use] = None
    return sorted(found, key=lambda use: (use.at, use.database))
