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
    names = sorted(arrangement.homes)
    pairs = len(names) * (len(names) - 1)
    reach: dict[tuple[int, str], list[str]] = {}
    for one in names:
        for other in names:
            if one == other:
                continue
            if {one, other} <= sharing:
                how = (_LOGIN, "all of them connect as one login")
            elif arrangement.same_database(one, other):
                how = (_DATABASE, "only grants stand between services of one database")
            elif arrangement.same_instance(one, other):
                how = (_SERVER, "services of one server see each other's databases and roles by name")
            else:
                continue
            reach.setdefault(how, []).append(one)
    for (points, text), hit in sorted(reach.items()):
        yield Loss(points * len(hit) / pairs, text, evidence_of(facts, hit))
