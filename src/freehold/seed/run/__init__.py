"""Survey, bind, decide, and load: every table after what it refers to, several at a time."""

from __future__ import annotations

from freehold.seed.run.filling import fill
from freehold.seed.run.preparing import Planned, prepare
from freehold.seed.run.world import Doors, World

__all__ = ["Doors", "Planned", "World", "fill", "prepare"]
