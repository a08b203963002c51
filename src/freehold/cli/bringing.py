"""Brings the servers to what is declared, also while somebody else changes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from freehold.cli import verbs
from freehold.cli.context import Context
from freehold.cli.made import Made
from freehold.errors import StalePlan
from freehold.plan.show import changes

if TYPE_CHECKING:
    from freehold.apply.model import Applied

PLANS = 10
"""How many plans are made in a row before somebody who changes the servers all the time is given way."""


def bring(context: Context, *, allow_destroy: bool, wait_ms: int) -> tuple[Made, Applied | None]:
    """Plan, and apply the plan unless it is empty; plans anew as ``apply_anew`` does. Raises as ``plan`` and
    ``apply``."""

    def plan() -> Made:
        return verbs.plan(context, authoritative=False, allow_destroy=allow_destroy, services=())

    made = plan()
    return apply_anew(context, made, plan, wait_ms=wait_ms) if made.plan.steps else (made, None)


def apply_anew(
    context: Context,
    made: Made,
    plan: Callable[[], Made],
    agreed: Callable[[Made], None] = lambda made: None,
    *,
    wait_ms: int,
) -> tuple[Made, Applied | None]:
    """Apply a plan, and the one that ``plan`` makes where somebody else changed the servers in between, as a switch of
    a service does and what ends one. ``agreed`` is asked, and may raise, where that would do what none before it would.

    The plan that was applied last; None where nothing was left of it. Raises StalePlan after ``PLANS`` plans, and as
    ``plan`` and ``apply``.
    """
    shown = list(changes(made.plan))
    for left in reversed(range(PLANS)):
        try:
            return made, verbs.apply(context, made, wait_ms=wait_ms)
        except StalePlan:
            if not left:
                raise
        context.out.note("the servers were changed meanwhile: planning anew")
        # a switch that has ended by now has written down where its service lives
        context.forget_homes()
        made = planned_anew(shown, plan, agreed)
        if not made.plan.steps:
            return made, None
    raise AssertionError


def planned_anew(shown: list[dict[str, object]], plan: Callable[[], Made], agreed: Callable[[Made], None]) -> Made:
    """Another plan; ``agreed`` is asked, and may raise, where it would do what is not among the changes that were
    ``shown``. They are among those afterwards."""
    made = plan()
    new = [one for one in changes(made.plan) if one not in shown]
    if new:
        agreed(made)
    shown += new
    return made
