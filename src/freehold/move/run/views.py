"""Keeps materialized views right across a switch: no stream brings what they hold.

Those of the side that a service goes to are refreshed before anybody waits, once the rows are there. One that somebody
refreshes at the side that it leaves after that is refreshed once more when the switch is over.
"""

from __future__ import annotations

from collections.abc import Mapping

from freehold.errors import FreeholdError, ServerError
from freehold.move import views
from freehold.move.events import Waiting
from freehold.move.model import Move, other
from freehold.move.run.world import World, patiently
from freehold.move.views import Held
from freehold.ports import Session

__all__ = ["held", "refresh", "refresh_late"]

Seen = Mapping[str, Held]


def held(session: Session, move: Move) -> Seen:
    """What each view of the service holds on a side; reads all of it."""
    found: dict[str, Held] = {}
    for name, filled, file in session.query(views.question(move.schemas)):
        if filled is True:
            ((rows, total),) = session.query(views.contents(str(name)))
            found[str(name)] = Held(True, str(file), str(rows), str(total))
        else:
            found[str(name)] = Held(False, str(file))
    return found


def refresh(world: World, move: Move, near_side: str) -> Seen:
    """Refresh, on the side across, each view that holds something else there; what ``near_side`` holds.

    Nobody waits for it. Raises FreeholdError where a view cannot be refreshed."""
    with world.session(move.place(near_side)) as near, world.session(move.place(other(near_side))) as far:
        seen = held(near, move)
        for name, statement in views.refreshed(seen, held(far, move)):
            world.tell(Waiting(f"materialized view {name}", "it to be refreshed where the service goes"))
            try:
                patiently(world, far, statement, f"materialized view {name}")
            except ServerError as error:
                raise FreeholdError(
                    f"materialized view {name} cannot be refreshed where the service goes: {error.message}",
                    hint="Nobody was held back. Mend what it reads; or empty it where the service lives, with"
                    f" REFRESH MATERIALIZED VIEW {name} WITH NO DATA, and it arrives empty.",
                ) from None
    return seen


def refresh_late(world: World, move: Move, near_side: str, seen: Seen) -> None:
    """Refresh, at the side that serves by now, what was refreshed at ``near_side`` since ``seen``. Never raises: the
    service has been switched, and what was not done is told."""
    name = ""
    try:
        with world.session(move.place(near_side)) as near, world.session(move.place(other(near_side))) as far:
            now = held(near, move) if seen else {}
            changed = {name: one for name, one in now.items() if one != seen.get(name)}
            for name, statement in views.refreshed(changed, held(far, move)) if changed else ():
                patiently(world, far, statement, f"materialized view {name}")
    except FreeholdError as error:
        world.tell(Waiting(f"materialized view {name}".rstrip(), f"somebody to refresh it: {error.message}"))
