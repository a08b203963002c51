"""What the boundary between databases cuts: keys that stop being enforced, joins that stop working.

A foreign key between databases becomes a soft reference that is audited instead of enforced (1). A join, view or
function over tables of two services must be written anew (1). A read becomes a foreign table or a replica (1/2). With
cuts worth c among n services 100 c / (c + n) points are lost, so one cut among many services is a small matter and
thirty are not.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, criterion, no_crossing
from freehold.layouts.facts import Arrangement, CrossingKind, Facts

_READ = 0.5


@criterion("crossings that leave their database", 4, no_crossing)
def coupling_cut(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    cut = [one for one in facts.between if not arrangement.same_database(one.service, one.other)]
    weights = [_READ if one.kind is CrossingKind.READ else 1.0 for one in cut]
    total = sum(weights)
    for one, weight in zip(cut, weights, strict=True):
        text = f'"{one.service}" and "{one.other}" are in different databases: {one.what}'
        yield Loss(100 * weight / (total + len(facts.services)), text, one.evidence)
