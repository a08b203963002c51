"""Whether load of one kind is kept from load of another.

Services with the profile ingest or analytics use memory, disk and vacuum in a way that services with the profile oltp
or ledger feel. Each such pair on one server counts 0.8, in one database 1, since a long query there holds back what
vacuum may remove. With pairs worth p among n services 100 p / (p + n) points are lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, criterion, evidence_of, quoted
from freehold.layouts.facts import Arrangement, Facts, ServiceFact
from freehold.spec.model import Profile

_LOUD = frozenset({Profile.INGEST, Profile.ANALYTICS})
_QUIET = frozenset({Profile.OLTP, Profile.LEDGER})
_SERVER = 0.8


def _silent(facts: Facts) -> str:
    profiles = {service.profile for service in facts.services}
    return "" if profiles & _LOUD and profiles & _QUIET else "no service's profile disturbs another's"


@criterion("different loads kept apart", 2, _silent)
def noisy_neighbour(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    quiet = {service.name for service in facts.services if service.profile in _QUIET}
    found: list[tuple[ServiceFact, float, list[str]]] = []
    for service in facts.services:
        if service.profile in _LOUD:
            home = arrangement.homes[service.name]
            near = [name for name in arrangement.instances[home.instance] if name in quiet]
            weight = sum(1.0 if arrangement.homes[name] == home else _SERVER for name in near)
            found.append((service, weight, near))
    total = sum(weight for _, weight, _ in found) + len(facts.services)
    for service, weight, near in found:
        text = f'"{service.name}" ({service.profile}) shares a server with oltp and ledger services: {quoted(near)}'
        yield Loss(100 * weight / total, text, (*service.evidence, *evidence_of(facts, near[:3])))
