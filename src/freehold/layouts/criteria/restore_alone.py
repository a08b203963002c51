"""Whether one service can be brought back without touching the others.

On a server of its own a service goes back to any second (nothing lost). In a database of its own it comes back from
its dump; to any second only by way of a whole second server (35). In a shared database its schemas must be cut out of
a dump (70), and each service whose keys point into them stands in the way (5 each, 20 at most). A shared login owns
everything, so who owned what must be known from elsewhere (10).
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, alone, criterion
from freehold.layouts.facts import Arrangement, CrossingKind, Facts

_DATABASE, _SCHEMA, _KEY, _KEYS, _LOGIN = 35, 70, 5, 20, 10


@criterion("one service restored alone", 1, alone)
def restore_alone(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    count = len(facts.services)
    databases, instances = arrangement.databases, arrangement.instances
    pointing: dict[str, set[str]] = {}
    for one in facts.between:
        if one.kind is CrossingKind.REFERENCE and arrangement.same_database(one.service, one.other):
            pointing.setdefault(one.other, set()).add(one.service)
    for service in facts.services:
        home = arrangement.homes[service.name]
        if len(databases[home]) > 1:
            referring = pointing.get(service.name, set())
            points = _SCHEMA + min(_KEYS, _KEY * len(referring)) + (_LOGIN if arrangement.shared_login else 0)
            text = f'"{service.name}" must be cut out of a dump of {len(databases[home])} services'
            if referring:
                text += f", and keys of {len(referring)} of them point into it"
        elif len(instances[home.instance]) > 1:
            points, text = _DATABASE, f'"{service.name}" goes back to any second only by way of a second server'
        else:
            continue
        yield Loss(points / count, text, service.evidence)
