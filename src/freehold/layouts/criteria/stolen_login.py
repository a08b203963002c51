"""What a service's login reaches beyond its own data once somebody else has it.

A login that all services share reaches everything (100). In a shared database grants alone stand between services: the
login still sees names, source text and statistics of the others, and shares advisory locks and channels with them (30).
On a shared server it still sees the names of databases and roles and uses the same memory and disk (10). The attacks of
`freehold prove` are the long form of this; what a layout cannot prevent is reported there as a limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, alone, criterion, evidence_of
from freehold.layouts.facts import Arrangement, Facts

_LOGIN, _DATABASE, _SERVER = 100, 30, 10


@criterion("what a stolen login reaches", 2, alone)
def stolen_login(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    # a foreign application has a login of its own in every layout
    sharing = {service.name for service in facts.services if arrangement.shared_login and not service.whole_database}
    count = len(facts.services)
    near = {
        (_LOGIN, "all of them connect as one login"): [sharing],
        (_DATABASE, "only grants stand between services of one database"): arrangement.databases.values(),
        (
            _SERVER,
            "services of one server see each other's databases and roles by name",
        ): arrangement.instances.values(),
    }
    counted: dict[str, int] = {}
    """How many others each service already reaches in a nearer way."""
    for (points, text), groups in near.items():
        pairs = 0
        hit: list[str] = []
        for group in groups:
            for name in group:
                new = len(group) - 1 - counted.get(name, 0)
                if new > 0:
                    pairs += new
                    hit.append(name)
                    counted[name] = len(group) - 1
        if pairs:
            yield Loss(points * pairs / (count * (count - 1)), text, evidence_of(facts, hit))
