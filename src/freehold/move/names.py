"""The names of what a move makes on servers: each names its move, so that a later run finds its own and no other's."""

from __future__ import annotations

import hashlib

from freehold.plan.standing import RETIRED

PREFIX = "freehold_mv_"
BARRIER = ("freehold", "move_barrier")
DENY = "freehold_moved"
"""The trigger that refuses writes on the side that is not open; on every table of a moved service, on both sides."""


def move_id(platform: str, service: str, number: int) -> str:
    """Eight hexadecimal digits: the ``number``-th move of a service."""
    return hashlib.sha256("\0".join((platform, service, str(number))).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def stream(move: str, direction: str) -> str:
    """The publication, the slot, the subscription and its login of one direction: ``f`` to the target, ``r`` back."""
    return f"{PREFIX}{move}_{direction}"


def verifying_slot(move: str) -> str:
    """The temporary slot whose changes tell which rows a comparison must leave to its next round."""
    return f"{PREFIX}{move}_v"


def lock_key(move: str) -> int:
    """The advisory lock, in the database that a stream fills, at which its worker can be made to wait."""
    return int(move, 16) + (0x66_72_65_65 << 32)


def retired_schema(move: str) -> str:
    """Where the tables that a completed move left behind wait for their end."""
    return f"{RETIRED}{move}"
