"""Who pg_hba.conf lets in where a move left a login of another layout standing in for a service's own."""

from __future__ import annotations

from dataclasses import replace

from freehold.found.model import Membership, Server
from freehold.plan.hba import wanted_lines
from freehold.plan.model import Design
from freehold.spec.model import Service
from support.plans import design, platform


def let_in(wanted: Design, *memberships: tuple[str, str]) -> set[str]:
    """The logins that come into the database of service a."""
    held = tuple(Membership(role, member, False, True, True, "postgres") for role, member in memberships)
    server = Server("main", 180000, "postgres", True, True, "postgres", memberships=held)
    return {line.user.text for line in wanted_lines(wanted, server) if line.database.text == "shop_a"}


def test_a_login_that_stands_in_is_let_in_until_an_authoritative_plan() -> None:
    wanted = design(platform(Service("a", ("a",)), Service("b", ("b",))))
    assert "shop_app" not in let_in(wanted)
    assert "shop_app" in let_in(wanted, ("shop_a_app", "shop_app"))
    assert "shop_app" not in let_in(wanted, ("shop_b_app", "shop_app"))
    assert "shop_app" not in let_in(replace(wanted, authoritative=True), ("shop_a_app", "shop_app"))


def test_a_member_that_no_layout_has_is_not_let_in() -> None:
    wanted = design(platform(Service("a", ("a",))))
    assert let_in(wanted, ("shop_a_app", "somebody")) == let_in(wanted)
