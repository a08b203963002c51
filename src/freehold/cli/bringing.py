"""Brings the servers to what is declared, also while somebody else changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freehold.cli import verbs
from freehold.cli.context import Context
from freehold.cli.made import Made
from freehold.errors import StalePlan

if TYPE_CHECKING:
    from freehold.apply.model import Applied

_PLANS = 10


def bring(context: Context, *, allow_destroy: bool, wait_ms: int) -> tuple[Made, Applied | None]:
    """Plan, and apply the plan unless it is empty; plans anew where somebody else changed the servers in between, as a
    switch of a service does and what ends one. Raises as ``plan`` and ``apply``."""
    for left in reversed(range(_PLANS)):
        made = verbs.plan(context, authoritative=False, allow_destroy=allow_destroy, services=())
        if not made.plan.steps:
            return made, None
        try:
            return made, verbs.apply(context, made, wait_ms=wait_ms)
        except StalePlan:
            if not left:
                raise
            context.out.note("the servers were changed meanwhile: planning anew")
    raise AssertionError
