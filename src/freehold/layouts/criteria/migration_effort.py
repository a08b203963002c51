"""What must be moved to get there from where the services live today.

A service whose database is another one afterwards is copied: half of the points by the number of services, half by
their bytes where those are known. A service that leaves a shared login gets one of its own (20 of the points for all).
The databases that keep most of their services stay where they are. What a move cuts is counted in `coupling_cut`.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, criterion
from freehold.layouts.facts import Arrangement, Facts, Home
from freehold.units import about_bytes

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
            text = f'"{service.name}" is copied into another database'
            if service.bytes is not None:
                text += f" ({about_bytes(service.bytes)})"
            yield Loss(_COPY * (1 / count + share) / 2, text, service.evidence)
        if facts.shared_login != arrangement.shared_login and not service.whole_database:
            text = f'"{service.name}" changes its login'
            yield Loss(_LOGIN / count, text, service.evidence)


def moving(facts: Facts, arrangement: Arrangement) -> tuple[str, ...]:
    """The services whose data must be copied: all but those that can stay in the database they are in."""
    together: dict[tuple[Home, Home], list[str]] = {}
    for name, home in facts.homes.items():
        if name in arrangement.homes:
            together.setdefault((home, arrangement.homes[name]), []).append(name)
    kept: set[str] = set()
    used_before: set[Home] = set()
    used_after: set[Home] = set()
    for (before, after), names in sorted(together.items(), key=lambda item: (-len(item[1]), sorted(item[1]))):
        if before not in used_before and after not in used_after:
            used_before.add(before)
            used_after.add(after)
            kept |= set(names)
    return tuple(sorted(name for name in facts.homes if name in arrangement.homes and name not in kept))
