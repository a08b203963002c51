"""Hands on what happens in a move, in order, without holding it up: who does not read is waited for at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeAlias

from freehold.finding import JsonObject
from freehold.local.clock import SystemClock
from freehold.move.events import Event, as_json
from freehold.move.model import Move


@dataclass(frozen=True, slots=True)
class Told:
    """An event, when it happened, and in which attempt at which move."""

    at: str
    move: Move
    attempt: int
    event: Event

    def as_json(self) -> JsonObject:
        kind, *keys = as_json(self.event).items()
        where = {"at": self.at, "service": self.move.service, "move": self.move.id, "attempt": self.attempt}
        return {**dict([kind]), **where, **dict(keys)}


Taker: TypeAlias = Callable[[Told], None]


class Feed:
    """Calls every taker with every event of a move, on a thread of its own. Use as a context manager."""

    def __init__(self, move: Move, takers: Sequence[Taker]) -> None:
        self._move = move
        self._takers = takers
        self._queue: SimpleQueue[Told | None] = SimpleQueue()
        self._clock = SystemClock()
        self._thread = threading.Thread(target=self._hand_on, daemon=True)

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()

    def take(self, attempt: int, event: Event) -> None:
        """Something happened just now."""
        self._queue.put(Told(self._clock.stamp(), self._move, attempt, event))

    def _hand_on(self) -> None:
        while told := self._queue.get():
            for taker in self._takers:
                taker(told)
