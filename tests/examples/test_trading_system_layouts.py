"""The trading system from nothing in every layout, on every version: up, an empty plan, a proof."""

from __future__ import annotations

import pytest

from support.examples import Case, cases, raised

QUICK = [
    (layout, version)
    for version in (18, 15)
    for layout in ("schema-per-service", "database-per-service", "instance-per-service", "groups", "central")
]


@pytest.mark.parametrize("case", cases(*QUICK))
def test_the_trading_system_is_as_declared(case: Case) -> None:
    with raised("trading-system", case) as platform:
        services = platform.up["services"]
        assert isinstance(services, list)
        assert len(services) == 9
        databases = {(service["instance"], service["database"]) for service in services}
        # Prefect's database is its own in every layout
        expected = {"schema-per-service": 2, "central": 2, "groups": 4}
        assert len(databases) == expected.get(case.layout, 9)
        prefect = next(service for service in services if service["name"] == "prefect")
        assert prefect["database"] == "prefect"
