"""PayrollX from nothing in every layout, on every version: up, an empty plan, a proof, databases as documented."""

from __future__ import annotations

import pytest

from support.examples import Case, cases, raised

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
