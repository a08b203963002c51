"""How long a row takes from the side that serves to the one that follows, asked once and without waiting for long."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.move.machine import Phase
from freehold.move.model import Move
from freehold.move.run.following import cross
from freehold.move.run.world import World
from freehold.move.state import Standing
from freehold.sqltext import Sql, literal, sql

LIMIT_MS = 1_000.0
"""Up to here a wait for a row changes nothing: one that lasts longer would let a follower that stopped go on."""
_ASKED = frozenset({Phase.FOLLOWING, Phase.SWITCHED})


@dataclass(frozen=True, slots=True)
class Probe:
    """``ms`` is what the row took; None where it did not come within ``limit_ms``."""

    ms: float | None
    limit_ms: float


def probe(world: World, move: Move, here: Standing | None, *, followed: bool) -> Probe | None:
    """Send a row behind everything that ``here``, the side that serves, has committed; None where nothing follows it,
    or where the move is in a state in which nothing may be written for it. Leaves no row behind."""
    if here is None or here.phase not in _ASKED or not followed:
        return None
    token = f"status:{world.who}:{world.clock.now_iso()}:{world.clock.monotonic_ms():.3f}"
    try:
        return Probe(cross(world, move, here.side, token, LIMIT_MS), LIMIT_MS)
    finally:
        with world.session(move.place(here.side)) as near:
            near.execute(_taken_back(move, token))


def _taken_back(move: Move, token: str) -> Sql:
    """Remove the row, which crosses as it came, and those of probes that were killed."""
    return sql(
        "DELETE FROM freehold.move_barrier WHERE move = {} AND (token = {} OR (token LIKE 'status:%'"
        " AND at < pg_catalog.clock_timestamp() - interval '1 hour'))",
        literal(move.id),
        literal(token),
    )
