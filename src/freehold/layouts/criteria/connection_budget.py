"""Whether the connections that services may open fit into what a server takes.

The sum of what the logins of a server's services may open, Freehold's own logins among them, against max_connections.
Up to 60 percent nothing is lost, at 120 percent everything. Where nobody says what max_connections is, 300 is taken:
beyond a few hundred processes a server spends its time on them, and a pool is the better answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, criterion
from freehold.layouts.facts import Arrangement, Facts
from freehold.layouts.limits import PLATFORM_CONNECTIONS, SUPERUSER_SPARE

COMFORT = 300
_FREE, _FULL = 0.6, 1.2


def _silent(facts: Facts) -> str:
    known = any(service.connections for service in facts.services)
    return "" if known else "nobody says how many connections the services open"


@criterion("connections within what a server takes", 1, _silent)
def connection_budget(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    wanted = {service.name: service.connections for service in facts.services}
    most = facts.max_connections or COMFORT
    said = "max_connections is" if facts.max_connections else "no max_connections is known, and a server carries well"
    instances = arrangement.instances
    for instance, names in instances.items():
        asked = sum(wanted[name] for name in names) + sum(PLATFORM_CONNECTIONS.values()) + SUPERUSER_SPARE
        share = min(1.0, max(0.0, (asked / most - _FREE) / (_FULL - _FREE)))
        # a server counts as much as the services it carries
        weight = len(names) / len(facts.services)
        text = f'{asked} connections may be open on instance "{instance}"; {said} {most}'
        yield Loss(100 * share * weight, text, facts.connections_evidence)
