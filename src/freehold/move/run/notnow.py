"""An attempt that may be made again."""

from __future__ import annotations

from freehold.errors import FreeholdError


class NotNow(FreeholdError):
    """An attempt was given up and undone: the side that served serves on."""
