"""One database and one shared login for every service: the baseline that most teams start from.

Every service can read and change every other service's data; the proof says so.
"""

from __future__ import annotations

from freehold.layouts.kinds._kind import LayoutKind
from freehold.spec.model import Layout
from freehold.spec.names import shared_database

central = LayoutKind(
    layout=Layout.CENTRAL,
    database=lambda platform, service: shared_database(platform.name),
    shared_login=True,
)
