"""How often a command plans anew while others change the servers, and what it asks for again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from freehold.cli import bringing
from freehold.cli.bringing import PLANS, apply_anew, planned_anew
from freehold.cli.context import Context
from freehold.cli.made import Made, restricted
from freehold.cli.out import Out
from freehold.errors import FreeholdError, StalePlan
from freehold.found.model import Found, Server
from freehold.plan.make import make
from freehold.plan.show import changes
from freehold.spec.model import Service
from support.plans import design, platform

FOUND = Found({"main": Server("main", 180000, "postgres", True, True, "postgres")})
ONE, TWO = ("orders",), ("orders", "users")


def made(services: Sequence[str]) -> Made:
    wanted = design(platform(*(Service(name, (name,)) for name in services)))
    return restricted(wanted, make(wanted, FOUND), allow_destroy=False, services=())


class Busy(Context):
    """A platform whose servers somebody else changes ``times`` times under a plan."""

    def __init__(self, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = Out("apply", as_json=False)
        self.left, self.forgot, self.asked = times, 0, 0
        monkeypatch.setattr(bringing.verbs, "apply", self.apply)

    def forget_homes(self) -> None:
        self.forgot += 1

    def apply(self, context: Context, plan: Made, *, wait_ms: int) -> str:
        if self.left:
            self.left -= 1
            raise StalePlan("the servers were changed since the plan was made")
        return f"{len(plan.plan.steps)} steps"

    def agreed(self, plan: Made) -> None:
        self.asked += 1

    def refused(self, plan: Made) -> None:
        raise FreeholdError("not confirmed")


def test_it_gives_way_after_so_many_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Busy(PLANS - 1, monkeypatch)
    plan, done = apply_anew(there, made(ONE), lambda: made(ONE), there.agreed, wait_ms=0)
    assert (done, there.forgot, there.asked) == (f"{len(plan.plan.steps)} steps", PLANS - 1, 0)

    never = Busy(PLANS, monkeypatch)
    with pytest.raises(StalePlan):
        apply_anew(never, made(ONE), lambda: made(ONE), never.agreed, wait_ms=0)
    assert (never.left, never.forgot) == (0, PLANS - 1)


def test_what_nobody_has_agreed_to_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Busy(3, monkeypatch)
    plan, done = apply_anew(there, made(ONE), lambda: made(TWO), there.agreed, wait_ms=0)
    assert (there.asked, done) == (1, f"{len(plan.plan.steps)} steps")
    assert {step.service for step in plan.plan.steps} >= {*TWO}

    fewer, both = Busy(1, monkeypatch), made(TWO)
    left = replace(both, plan=replace(both.plan, steps=both.plan.steps[1:]))
    assert apply_anew(fewer, both, lambda: left, fewer.refused, wait_ms=0)[0] == left

    no = Busy(1, monkeypatch)
    with pytest.raises(FreeholdError, match="not confirmed"):
        apply_anew(no, made(ONE), lambda: made(TWO), no.refused, wait_ms=0)


def test_a_plan_made_anew_after_a_restart_is_asked_for_where_it_does_more(monkeypatch: pytest.MonkeyPatch) -> None:
    there, shown = Busy(0, monkeypatch), list(changes(made(ONE).plan))
    assert planned_anew(shown, lambda: made(ONE), there.refused).plan == made(ONE).plan
    planned_anew(shown, lambda: made(TWO), there.agreed)
    planned_anew(shown, lambda: made(TWO), there.refused)
    assert there.asked == 1
    with pytest.raises(FreeholdError, match="not confirmed"):
        planned_anew(list(changes(made(ONE).plan)), lambda: made(TWO), there.refused)


def test_nothing_is_applied_where_somebody_else_did_it(monkeypatch: pytest.MonkeyPatch) -> None:
    there, first = Busy(1, monkeypatch), made(ONE)
    nothing = replace(first, plan=replace(first.plan, steps=()))
    assert apply_anew(there, first, lambda: nothing, there.refused, wait_ms=0) == (nothing, None)
