"""Which strategy keeps a table: there is one for each engine, in a file of its own."""

from __future__ import annotations

from freehold.maintain.model import Task
from freehold.maintain.run.hands import Hands
from freehold.maintain.run.native import Native
from freehold.maintain.run.strategy import Strategy
from freehold.maintain.run.timescale import Timescale, is_hyper


def strategy(hands: Hands, task: Task) -> Strategy:
    """The strategy for one task, by what its table is."""
    return Timescale() if is_hyper(hands, task) else Native()
