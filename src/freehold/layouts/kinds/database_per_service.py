"""One instance in which every service has its own database.

No session of one service can reach a table of another; memory, WAL and the list of names are still shared.
"""

from __future__ import annotations

from freehold.layouts.kinds._kind import LayoutKind
from freehold.spec.model import Layout
from freehold.spec.names import service_database

database_per_service = LayoutKind(
    layout=Layout.DATABASE_PER_SERVICE,
    database=lambda platform, service: service_database(platform.name, service.name),
)
