"""What an engine of time series must be able to do, so that a run need not know which one it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from freehold.finding import Finding
from freehold.maintain.model import Action, Done, Held, State, Task
from freehold.maintain.run.hands import Hands

Outcome = Done | Held | Finding
"""What an action leads to: something done, something held, or something a person must look at."""


class Strategy(Protocol):
    """One engine. ``look`` reads only; ``perform`` may run again after it was interrupted anywhere."""

    def look(self, hands: Hands, task: Task) -> State:
        """The table as it is."""

    def due(self, task: Task, state: State, now: datetime) -> tuple[Action, ...]:
        """What is to be done at this moment, in order."""

    def would(self, hands: Hands, task: Task, state: State, action: Action) -> Done | None:
        """What the action would do, for a dry run; None when nothing. Reads only."""

    def perform(self, hands: Hands, task: Task, state: State, action: Action) -> Iterator[Outcome]:
        """Do it. Raises ServerError when the server refuses; what was done before stays done."""

    def doubts(self, task: Task, state: State, actions: tuple[Action, ...]) -> Iterator[Finding]:
        """What is wrong and no action of this run puts right."""
