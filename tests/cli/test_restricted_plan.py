"""A plan for some services keeps what they rest on."""

from __future__ import annotations

from freehold.cli.made import restricted
from freehold.found.model import Found, Server
from freehold.plan.make import make
from freehold.spec.model import Layout
from support.linked import ACCOUNT, services
from support.plans import design, platform


def test_the_logins_of_readers_are_made_with_the_service_that_they_read() -> None:
    wanted = design(platform(*services(ACCOUNT), layout=Layout.INSTANCE_PER_SERVICE))
    empty = {
        one.name: Server(one.name, 180000, "postgres", True, True, "postgres") for one in wanted.placements.instances
    }
    made = restricted(wanted, make(wanted, Found(empty)), allow_destroy=False, services=["users"])
    reading = {login.role for login in wanted.placements.link_logins}
    assert reading
    assert {step.name for step in made.plan.steps if step.kind == "role"} >= reading
    assert {step.name for step in made.plan.steps if step.kind == "password"} >= reading
    assert all(step.service in ("", "users") for step in made.plan.steps if step.name not in reading)
