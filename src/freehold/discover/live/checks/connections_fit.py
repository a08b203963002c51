"""The server is near the end of its connections.

Why: when max_connections is reached every service is refused, whichever one used them up. Counted is what was connected
at one moment of the look, which may be far below what the services open at their worst.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check, setting
from freehold.discover.live.view import View

_FULL = 0.8


@check("there are connections to spare")
def connections_fit(view: View) -> Answer:
    most = setting(view, "max_connections")
    if most is None or not most.isdecimal():
        return Answer("max_connections", unknown="max_connections is hidden from this login")
    open_now = sum(database.connections or 0 for database in view.live.databases.values())
    seen = f"{open_now} of {most} connections"
    if open_now < _FULL * int(most):
        return Answer(seen)
    detail = f"{seen} were open; when the last one is taken, every service is refused"
    return Answer(seen, (Wrong("server", "nearly all connections are in use", detail, (seen,), "freehold pool"),))
