"""The server may lose what it has confirmed.

Why: with fsync or full_page_writes off a crash of the machine can destroy the whole data directory, not only the last
moments.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, check, off
from freehold.discover.live.view import View

_WHY = {
    "fsync": "a crash of the machine can leave a data directory that does not start",
    "full_page_writes": "a crash can leave pages that are half old and half new",
}


@check("what is confirmed survives a crash", "error")
def durable(view: View) -> Answer:
    return Answer("fsync, full_page_writes", off(view, _WHY, _WHY))
