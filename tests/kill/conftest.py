"""What tests of verifications that are killed share with those that are not."""

from __future__ import annotations

from support.worlds import worlds

__all__ = ["worlds"]
