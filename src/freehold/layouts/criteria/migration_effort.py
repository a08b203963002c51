"""What must be moved to get there from where the services live today.

A service whose database or server is another one afterwards is copied: half of the points by the number of services,
half by their bytes where those are known. A service that leaves a shared login gets one of its own (20 of the points
for all). The servers and databases that keep most of their services stay as they are. What a move cuts is counted in
`coupling_cut`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

from freehold.layouts.criteria._kind import Loss, criterion
from freehold.layouts.facts import Arrangement, Facts
from freehold.units import about_bytes

Place = TypeVar("Place", bound=Hashable)

_COPY, _LOGIN = 80, 20


def _silent(facts: Facts) -> str:
    return "" if facts.homes else "nothing stands yet, so nothing must be moved"


@criterion("what must be moved to get there", 3, _silent)
def migration_effort(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    moved = set(moving(facts, arrangement))
    sizes = {service.name: service.bytes or 0 for service in facts.services}
    known = sum(sizes.values())
    count = len(facts.services)
    for service in facts.services:
        if service.name in moved:
            share = sizes[service.name] / known if known else 1 / count
            text = f'"{service.name}" is copied to another place'
            if service.bytes is not None:
                text += f" ({about_bytes(service.bytes)})"
            yield Loss(_COPY * (1 / count + share) / 2, text, service.evidence)
        if facts.shared_login != arrangement.shared_login and not service.whole_database:
            text = f'"{service.name}" changes its login'
            yield Loss(_LOGIN / count, text, service.evidence)


def moving(facts: Facts, arrangement: Arrangement) -> tuple[str, ...]:
    """The services whose data must be copied: all but those that can stay in the database and on the server they are
    in. Names of databases and servers do not matter, since they can be kept; who is together does."""
    known = [name for name in sorted(facts.homes) if name in arrangement.homes]
    servers = _matched({name: (facts.homes[name].instance, arrangement.homes[name].instance) for name in known})
    databases = _matched({name: (facts.homes[name], arrangement.homes[name]) for name in known if name in servers})
    return tuple(name for name in known if name not in databases)


def _matched(pairs: Mapping[str, tuple[Place, Place]]) -> set[str]:
    """The services whose old place becomes their new one, when each old place becomes at most one new place: the
    pairs with most services first."""
    together: dict[tuple[Place, Place], list[str]] = {}
    for name, pair in pairs.items():
        together.setdefault(pair, []).append(name)
    before: set[Place] = set()
    after: set[Place] = set()
    kept: set[str] = set()
    for (old, new), names in sorted(together.items(), key=lambda item: (-len(item[1]), item[1])):
        if old not in before and new not in after:
            before.add(old)
            after.add(new)
            kept |= set(names)
    return kept
