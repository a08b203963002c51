"""Whether services that refer to each other come back to the same moment.

One server is restored to one moment as a whole, so keys between its databases still fit. Two servers are not: each
reference between them may point at a row that the other one has not (1). Between databases of one server it costs a
quarter, since a dump of each is another moment. With references worth c among n services 100 c / (c + n) are lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, criterion
from freehold.layouts.facts import Arrangement, CrossingKind, Facts

_DATABASE = 0.25


def _silent(facts: Facts) -> str:
    found = any(one.kind is CrossingKind.REFERENCE for one in facts.between)
    return "" if found else "no service refers to another's rows"


@criterion("one moment for data that belongs together", 2, _silent)
def restore_together(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    cut = []
    for one in facts.between:
        if one.kind is not CrossingKind.REFERENCE or arrangement.same_database(one.service, one.other):
            continue
        near = arrangement.same_instance(one.service, one.other)
        cut.append((one, _DATABASE if near else 1.0, "databases" if near else "servers"))
    total = sum(weight for _, weight, _ in cut)
    for one, weight, what in cut:
        text = f'"{one.service}" and "{one.other}" are in different {what}: {one.what}'
        yield Loss(100 * weight / (total + len(facts.services)), text, one.evidence)
