"""One database in which every service has its own schemas and its own roles.

Foreign keys and joins across services stay possible; names, statistics and function source stay visible.
"""

from __future__ import annotations

from freehold.layouts.kinds._kind import LayoutKind
from freehold.spec.model import Layout
from freehold.spec.names import shared_database

schema_per_service = LayoutKind(
    layout=Layout.SCHEMA_PER_SERVICE,
    database=lambda platform, service: shared_database(platform.name),
)
