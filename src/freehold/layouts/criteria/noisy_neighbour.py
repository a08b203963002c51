"""Whether load of one kind is kept from load of another.

Services with the profile ingest or analytics use memory, disk and vacuum in a way that services with the profile oltp
or ledger feel. Each such pair on one server counts 0.8, in one database 1, since a long query there holds back what
vacuum may remove. With pairs worth p among n services 100 p / (p + n) points are lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, criterion, evidence_of
from freehold.layouts.facts import Arrangement, Facts
from freehold.spec.model import Profile

_LOUD = frozenset({Profile.INGEST, Profile.ANALYTICS})
_QUIET = frozenset({Profile.OLTP, Profile.LEDGER})
_SERVER = 0.8


def _pairs(facts: Facts) -> list[tuple[str, Profile, str, Profile]]:
    return [
        (loud.name, loud.profile, quiet.name, quiet.profile)
        for loud in facts.services
        for quiet in facts.services
        if loud.profile in _LOUD and quiet.profile in _QUIET
    ]


def _silent(facts: Facts) -> str:
    return "" if _pairs(facts) else "no service's profile disturbs another's"


@criterion("different loads kept apart", 2, _silent)
def noisy_neighbour(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    shared = [pair for pair in _pairs(facts) if arrangement.same_instance(pair[0], pair[2])]
    weights = [1.0 if arrangement.same_database(loud, quiet) else _SERVER for loud, _, quiet, _ in shared]
    total = sum(weights) + len(facts.services)
    for (loud, loud_profile, quiet, quiet_profile), weight in zip(shared, weights, strict=True):
        where = "database" if weight == 1 else "server"
        text = f'"{loud}" ({loud_profile}) shares a {where} with "{quiet}" ({quiet_profile})'
        yield Loss(100 * weight / total, text, evidence_of(facts, (loud, quiet)))
