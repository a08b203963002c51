"""Tells a person what happens while it happens: a bar on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable

from freehold.cli.out import colourful, printable
from freehold.cli.redact import redacted

_PLAIN_EVERY_S = 5.0
_DRAW_EVERY_S = 0.05


class Bar:
    """A ports.Progress on stderr; safe to use from several threads. Use as a context manager."""

    def __init__(self, title: str, *, animated: bool = True) -> None:
        self._title = title
        self._start = time.monotonic()
        self._last = self._start
        self._animated = animated and sys.stderr.isatty() and colourful(sys.stderr)
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
        self.show(lambda elapsed_s: progress_line(self._title, what, done, total, elapsed_s), last=done == total)

    def show(self, line: Callable[[float], str], *, last: bool = False) -> None:
        """What a line says after so many seconds, in the place of the one before; not more often than can be read,
        but for the ``last`` of its kind."""
        now = time.monotonic()
        with self._lock:
            every = _DRAW_EVERY_S if self._animated else _PLAIN_EVERY_S
            if now - self._last < every and not last:
                return
            if not self._animated and now - self._start < _PLAIN_EVERY_S:
                return
            self._last = now
            text = printable(redacted(line(now - self._start)))
            if self._animated:
                width = shutil.get_terminal_size().columns - 1
                sys.stderr.write(f"\r\x1b[2K{text[:width]}")
                self._drawn = True
            else:
                sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def keep(self, line: str) -> None:
        """A line that stays."""
        with self._lock:
            over = "\r\x1b[2K" if self._drawn else ""
            sys.stderr.write(f"{over}{printable(redacted(line))}\n")
            sys.stderr.flush()
            self._drawn = False


def progress_line(title: str, what: str, done: int, total: int, elapsed_s: float) -> str:
    """``applying ━━━━────  45/120  38/s  2 s left  role treum_users_app``."""
    total = max(total, done, 1)
    rate = done / elapsed_s if elapsed_s > 0 else 0.0
    digits = 1 if 0 < rate < 10 else 0
    left = f"{(total - done) / rate:.0f} s left" if rate > 0 else ""
    return f"{title} {drawn(done, total)} {done}/{total}  {rate:.{digits}f}/s  {left}  {what}"


def drawn(done: int, total: int) -> str:
    """The bar itself, 20 characters."""
    filled = 20 * done // max(total, done, 1)
    return "━" * filled + "─" * (20 - filled)
