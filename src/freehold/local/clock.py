"""The time of this machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements ports.Clock."""

    def now_iso(self) -> str:
        """Now in UTC, ISO 8601 with seconds."""
        return datetime.now(UTC).isoformat(timespec="seconds")

    def stamp(self) -> str:
        """Now in UTC, ISO 8601 with milliseconds: when something happened."""
        return datetime.now(UTC).isoformat(timespec="milliseconds")

    def monotonic_ms(self) -> float:
        """Milliseconds of a clock that never goes back."""
        return time.monotonic_ns() / 1_000_000

    def sleep_ms(self, ms: float) -> None:
        """Wait."""
        time.sleep(ms / 1000)
