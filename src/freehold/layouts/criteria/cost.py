"""What there is to run: servers to patch, watch, back up and pay for, and databases to look after.

Each server beyond the first counts 1, each database beyond the first 0.15; with u of them 100 u / (u + 3) points are
lost: three more servers cost half the points, fifty cost nearly all.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, criterion
from freehold.layouts.facts import Arrangement, Facts

_DATABASE, _HALF = 0.15, 3


@criterion("servers and databases to run", 5)
def cost(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    servers, databases = len(arrangement.instances) - 1, len(arrangement.databases) - 1
    units = servers + _DATABASE * databases
    if servers > 0:
        yield Loss(100 * servers / (units + _HALF), f"{servers + 1} servers to patch, watch and back up")
    if databases > 0:
        yield Loss(100 * _DATABASE * databases / (units + _HALF), f"{databases + 1} databases to look after")
