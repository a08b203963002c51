"""TREUM from nothing in every layout, on every version: up, an empty plan, a proof."""

from __future__ import annotations

import pytest

from support.examples import Case, cases, raised

QUICK = [
    (layout, version)
    for version in (18, 15)
    for layout in ("schema-per-service", "database-per-service", "instance-per-service", "groups", "central")
]


@pytest.mark.parametrize("case", cases(*QUICK))
def test_treum_is_as_declared(case: Case) -> None:
    with raised("treum", case) as platform:
        services = platform.up["services"]
        assert isinstance(services, list)
        assert len(services) == 9
        instances = platform.up["instances"]
        assert isinstance(instances, list)
        assert len(instances) == (9 if case.layout == "instance-per-service" else 1)
        databases = {(service["instance"], service["database"]) for service in services}
        expected = {"schema-per-service": 1, "central": 1, "groups": 4}
        assert len(databases) == expected.get(case.layout, 9)
