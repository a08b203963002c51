"""Traffic that tells for how long it was held back."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.move.events import PauseBegun, PauseEnded
from freehold.move.run.world import Traffic, World


@dataclass
class Held:
    """``traffic``, which leads to ``side``, and may be held for ``limit_ms``."""

    world: World
    traffic: Traffic
    side: str
    limit_ms: float
    _began_ms: float | None = None

    def prepare(self, side: str) -> None:
        self.traffic.prepare(side)

    def hold(self, timeout_ms: int) -> bool:
        self._began_ms = self.world.clock.monotonic_ms()
        self.world.tell(PauseBegun(self.limit_ms))
        held = self.traffic.hold(timeout_ms)
        if not held:
            self._ended()
        return held

    def redirect(self, side: str) -> None:
        self.traffic.redirect(side)
        self.side = side

    def release(self) -> None:
        self.traffic.release()
        self._ended()

    def _ended(self) -> None:
        if self._began_ms is not None:
            took = self.world.clock.monotonic_ms() - self._began_ms
            self.world.tell(PauseEnded(round(took, 3), self.side))
        self._began_ms = None
