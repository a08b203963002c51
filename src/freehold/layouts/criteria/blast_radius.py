"""How many services fall together when one server or one database fails.

A server process that crashes, fills its disk or is upgraded takes every service on it along (70 of the points). A
database that is dropped, restored or stuck in vacuum takes every service in it along (30 of the points). When o others
fall with a service, o / (o + 2) of its share is lost: one neighbour is a small matter, eight are not.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, alone, criterion, evidence_of
from freehold.layouts.facts import Arrangement, Facts

_SERVER, _DATABASE, _HALF = 70, 30, 2


@criterion("how many services fall together", 3, alone)
def blast_radius(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    count = len(facts.services)
    for instance, names in arrangement.instances.items():
        text = f'{len(names)} of {count} services stop when instance "{instance}" stops'
        yield Loss(_SERVER * _share(len(names), count), text, evidence_of(facts, names))
    for names in arrangement.databases.values():
        text = f"{len(names)} of {count} services are hit when their one database is dropped, restored or stuck"
        yield Loss(_DATABASE * _share(len(names), count), text, evidence_of(facts, names))


def _share(together: int, count: int) -> float:
    others = together - 1
    return together / count * others / (others + _HALF)
