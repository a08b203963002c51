"""Every service has its own instance: its own process, port, memory, settings and restart.

The instance is named as the service. A declared server of that name is used; otherwise one is made from the
default server.
"""

from __future__ import annotations

from freehold.layouts.kinds._kind import LayoutKind
from freehold.spec.model import Layout
from freehold.spec.names import service_database

instance_per_service = LayoutKind(
    layout=Layout.INSTANCE_PER_SERVICE,
    database=lambda platform, service: service_database(platform.name, service.name),
    own_instance=True,
)
