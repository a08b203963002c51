"""Tells a person what happens while it happens: a bar on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time

from freehold.cli.out import colourful, printable
from freehold.cli.redact import redacted

_PLAIN_EVERY_S = 5.0
_DRAW_EVERY_S = 0.05


class Bar:
    """A ports.Progress on stderr; safe to use from several threads. Use as a context manager."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._start = time.monotonic()
        self._last = self._start
        self._animated = sys.stderr.isatty() and colourful(sys.stderr)
        self._drawn = False
        self._lock = threading.Lock()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._drawn:
                sys.stderr.write("\r\x1b[2K")
                sys.stderr.flush()

    def event(self, what: str, done: int, total: int) -> None:
        """``what`` just finished; ``done`` of ``total`` are finished."""
        now = time.monotonic()
        with self._lock:
            every = _DRAW_EVERY_S if self._animated else _PLAIN_EVERY_S
            if now - self._last < every and done != total:
                return
            if not self._animated and now - self._start < _PLAIN_EVERY_S:
                return
            self._last = now
            line = progress_line(self._title, printable(redacted(what)), done, total, now - self._start)
            if self._animated:
                width = shutil.get_terminal_size().columns - 1
                sys.stderr.write(f"\r\x1b[2K{line[:width]}")
                self._drawn = True
            else:
                sys.stderr.write(line + "\n")
            sys.stderr.flush()


def progress_line(title: str, what: str, done: int, total: int, elapsed_s: float) -> str:
    """``applying ━━━━────  45/120  38/s  2 s left  role treum_users_app``."""
    total = max(total, done, 1)
    filled = 20 * done // total
    rate = done / elapsed_s if elapsed_s > 0 else 0.0
    digits = 1 if 0 < rate < 10 else 0
    left = f"{(total - done) / rate:.0f} s left" if rate > 0 else ""
    bar = "━" * filled + "─" * (20 - filled)
    return f"{title} {bar} {done}/{total}  {rate:.{digits}f}/s  {left}  {what}"
