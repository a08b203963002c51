"""PayrollX from nothing in every layout, on every version: up, an empty plan, a proof, databases as documented."""

from __future__ import annotations

import pytest

from support.examples import LAYOUTS, Case, cases, raised
from support.readmes import limits, missing_tests

QUICK = [
    (layout, version)
    for version in (18, 15)
    for layout in ("schema-per-service", "database-per-service", "instance-per-service", "groups", "central")
]
SERVICES = {"auth", "org", "employee", "wallet", "payroll", "transaction", "notification", "compliance"}
DATABASES = {
    "central": {"payrollx"},
    "schema-per-service": {"payrollx"},
    "groups": {"payrollx_people", "payrollx_money"},
    "database-per-service": {f"payrollx_{service}" for service in SERVICES},
    "instance-per-service": {f"payrollx_{service}" for service in SERVICES},
}

LIMITS = limits("payrollx")


@pytest.mark.parametrize("case", cases(*QUICK))
def test_payrollx_is_as_declared(case: Case) -> None:
    with raised("payrollx", case) as platform:
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
    assert missing_tests("payrollx") == set()
