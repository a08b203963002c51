"""What the team of a service decides without asking the others.

Who shares a login cannot change or rotate it alone (30). Who shares a database shares its extensions and settings (30).
Who shares a server shares its settings, its restarts and the day of its upgrade (40). A service counts once, and once
more for each extension or setting of a server that it declares: these are decisions it does take.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.layouts.criteria._kind import Loss, alone, criterion
from freehold.layouts.facts import Arrangement, Facts

_LOGIN, _DATABASE, _SERVER = 30, 30, 40


@criterion("what a team decides alone", 1, alone)
def team_autonomy(facts: Facts, arrangement: Arrangement) -> Iterator[Loss]:
    weights = {one.name: 1 + len(one.extensions) + len(one.server_settings) for one in facts.services}
    total = sum(weights.values())
    databases, instances = arrangement.databases, arrangement.instances
    for service in facts.services:
        home = arrangement.homes[service.name]
        points = 0
        shared: list[str] = []
        if arrangement.shared_login and not service.whole_database:
            points, shared = points + _LOGIN, [*shared, "login"]
        if len(databases[home]) > 1:
            points, shared = points + _DATABASE, [*shared, "database"]
        if len(instances[home.instance]) > 1:
            points, shared = points + _SERVER, [*shared, "server"]
        if not shared:
            continue
        text = f'"{service.name}" shares its {" and ".join(shared)}'
        wants = (*service.extensions, *service.server_settings)
        if wants:
            text += f", and asks for {', '.join(sorted(wants))}"
        yield Loss(points * weights[service.name] / total, text, service.evidence)
