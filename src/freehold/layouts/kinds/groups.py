"""Named groups of services share a database (``financial: [trading, risk]``); a service in no group has its own."""

from __future__ import annotations

from freehold.layouts.kinds._kind import LayoutKind
from freehold.spec.model import Layout, Platform, Service
from freehold.spec.names import service_database


def _database(platform: Platform, service: Service) -> str:
    group = next((name for name, members in platform.groups if service.name in members), service.name)
    return service_database(platform.name, group)


groups = LayoutKind(layout=Layout.GROUPS, database=_database)
