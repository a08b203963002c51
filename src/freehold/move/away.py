"""Which services a database has lost to another one, by what it remembers of moves."""

from __future__ import annotations

from collections.abc import Iterable

from freehold.move.machine import Phase
from freehold.move.model import SOURCE, Move
from freehold.move.state import Standing

_LEFT = frozenset({Phase.SWITCHED, Phase.RETIRING, Phase.COMPLETED})


def gone(remembered: Iterable[Standing], here: Iterable[str]) -> tuple[Move, ...]:
    """The moves that took one of the services ``here`` away. ``remembered`` is oldest first: the last move of a service
    that this database took part in says whether it came or went."""
    last = {one.move.service: one for one in remembered if one.phase is not Phase.ABORTED}
    return tuple(
        one.move
        for service, one in sorted(last.items())
        if service in set(here) and one.side == SOURCE and not one.open and one.phase in _LEFT
    )
