"""Which engine keeps the time series of a database: TimescaleDB where it is or will be installed, else PostgreSQL."""

from __future__ import annotations

from enum import StrEnum

from freehold.found.model import Found
from freehold.plan.look import look
from freehold.plan.wanted_model import WantedDatabase

TIMESCALEDB = "timescaledb"


class Engine(StrEnum):
    """Who cuts tables by time. ``native`` is PostgreSQL's own partitioning."""

    NATIVE = "native"
    TIMESCALE = "timescaledb"


def engine(found: Found, database: WantedDatabase) -> Engine:
    """The engine of a database, as it is or as this plan will leave it."""
    seen = look(found)
    if TIMESCALEDB in seen.contents(database.instance, database.name).extensions:
        return Engine.TIMESCALE
    server = seen.server(database.instance)
    wanted = TIMESCALEDB in database.extensions
    return Engine.TIMESCALE if wanted and server and TIMESCALEDB in server.extensions_available else Engine.NATIVE
