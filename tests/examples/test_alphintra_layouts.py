"""Alphintra from nothing in every layout, on every version: up, an empty plan, a proof, databases as documented."""

from __future__ import annotations

import pytest

from support.examples import LAYOUTS, Case, cases, raised
from support.readmes import limits, missing_tests

QUICK = [
    (layout, version)
    for version in (18, 15)
    for layout in ("schema-per-service", "database-per-service", "instance-per-service", "groups", "central")
]
SERVICES = {"auth", "broker", "nocode", "notification", "risk", "strategy", "trading", "user"}
DATABASES = {
    "central": {"alphintra"},
    "schema-per-service": {"alphintra"},
    "groups": {"alphintra_financial", "alphintra_platform", "alphintra_integration"},
    "database-per-service": {f"alphintra_{service}" for service in SERVICES},
    "instance-per-service": {f"alphintra_{service}" for service in SERVICES},
}

LIMITS = limits("alphintra")


@pytest.mark.parametrize("case", cases(*QUICK))
def test_alphintra_is_as_declared(case: Case) -> None:
    with raised("alphintra", case) as platform:
        services = platform.up["services"]
        assert isinstance(services, list)
        assert {service["name"] for service in services} == SERVICES
        assert {service["database"] for service in services} == DATABASES[case.layout]
        instances = platform.up["instances"]
        assert isinstance(instances, list)
        assert len(instances) == (8 if case.layout == "instance-per-service" else 1)
        told = platform.proof["limits"]
        assert isinstance(told, list)
        # the README says what this layout cannot prevent
        assert ({limit["code"] for limit in told}, len(DATABASES[case.layout])) == LIMITS[case.layout][::-1]


def test_the_readme_names_every_layout_and_tests_that_exist() -> None:
    assert set(LIMITS) == set(LAYOUTS)
    assert missing_tests("alphintra") == set()
