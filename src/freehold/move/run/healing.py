"""Brings a service back to exactly one open side, from nothing but what its two databases say."""

from __future__ import annotations

from contextlib import suppress

from freehold.errors import ServerError, Unreachable
from freehold.move import fence, follow
from freehold.move.events import KeyUnchecked
from freehold.move.machine import Phase
from freehold.move.model import SOURCE, TARGET, Inventory, Move, other
from freehold.move.run.arming import given_back
from freehold.move.run.following import direction, end
from freehold.move.run.look import look
from freehold.move.run.world import LOCKED, Traffic, World, patiently
from freehold.move.state import ALL, HAS_TABLE, NEW_ATTEMPT, Standing, claim, standing, to_phase
from freehold.ports import Session
from freehold.sqltext import Sql

REOPEN_KEYS_MS = 100
"""How long clients wait for keys to tables of others, before they go on without."""
REOPEN_LOCK_MS = 1_000
REOPEN_TRIES = 30


def standings(world: World, move: Move) -> dict[str, Standing]:
    """What the sides say of a move; a side without a row, or whose database is not there, is left out.

    Raises Unreachable when a server does not answer: then nothing is known of its side.
    """
    return {side: one for side in (SOURCE, TARGET) if (one := _asked(world, move, side)) is not None}


def _asked(world: World, move: Move, side: str) -> Standing | None:
    place = move.place(side)
    try:
        session = world.servers.admin(place.instance, place.database)
    except ServerError as error:
        if error.sqlstate == "3D000":  # no such database yet
            return None
        raise
    try:
        return next((one for one in rows(session) if one.move.id == move.id), None)
    finally:
        session.close()


def rows(session: Session) -> tuple[Standing, ...]:
    """Every move that a database knows."""
    if session.query(HAS_TABLE)[0][0] is not True:
        return ()
    return tuple(standing(row) for row in session.query(ALL))


def home(found: dict[str, Standing]) -> str | None:
    """The side that is open; None while neither is."""
    return next((side for side, one in found.items() if one.open), None)


def heal(world: World, move: Move, traffic: Traffic, later: World | None = None) -> str:
    """End a switch that was interrupted, forward if the other side was opened already, else back; the side that serves.

    Nobody else may be working on the switch any more. Clients are led to that side and let go. ``later`` does what can
    wait until then, and may itself wait longer for a host. Raises Unreachable while a server that must be asked does
    not answer.
    """
    attempt, found = _taken_over(world, move)
    side = home(found)
    if side is None:
        # the side that was open last has the highest epoch: opening is what raises it
        side = max(found, key=lambda one: found[one].epoch, default=SOURCE)
        reopen(world, move, side, attempt)
    traffic.redirect(side)
    traffic.release()
    lead(world, move, side, traffic)
    with suppress(Unreachable):
        settle(later or world, move)
    return side


def lead(world: World, move: Move, side: str, traffic: Traffic) -> None:
    """Write down where the service lives, and lead its clients there once more: an `up` that did not know it yet may
    have led them back in between. One that writes later looks at what is written down afterwards."""
    world.homed(move, side)
    traffic.redirect(side)


def _taken_over(world: World, move: Move) -> tuple[str, dict[str, Standing]]:
    """Take every side over that answers, and then what it says. Where one does not answer, an open other side is
    enough: at most one is open, and what would close that one must name an attempt that it no longer has."""
    found: dict[str, Standing] = {}
    lost: Unreachable | None = None
    attempt = ""
    for side in (SOURCE, TARGET):
        try:
            one, attempt = _claimed(world, move, side, attempt)
        except Unreachable as error:
            lost = error
            continue
        if one is not None:
            found[side] = one
    if lost is not None and home(found) is None:
        raise lost
    return attempt, found


def _claimed(world: World, move: Move, side: str, attempt: str) -> tuple[Standing | None, str]:
    place = move.place(side)
    try:
        session = world.servers.admin(place.instance, place.database)
    except ServerError as error:
        if error.sqlstate == "3D000":  # no such database yet
            return None, attempt
        raise
    try:
        if not rows(session):
            return None, attempt
        attempt = attempt or str(session.query(NEW_ATTEMPT)[0][0])
        session.execute(claim(move, attempt))
        return next((one for one in rows(session) if one.move.id == move.id), None), attempt
    finally:
        session.close()


def reopen(world: World, move: Move, side: str, attempt: str, inventory: Inventory | None = None) -> None:
    """Let a side that was closed for a switch take writes again, with everything that was taken from it given back; but
    for keys to tables that others hold, whom clients must not wait for: ``settle`` brings these back.
    Raises ServerError where another attempt has taken the move over."""
    inventory = inventory or look(world, move, move.place(side))
    with world.session(move.place(side)) as session:
        found = next((one for one in rows(session) if one.move.id == move.id), None)
        if found is None or found.open:
            return
        phase = Phase.FOLLOWING if side == SOURCE else Phase.SWITCHED
        rights = given_back(move, session, (fence.SEQUENCE_GRANT,))
        whole = fence.open_up(move, inventory, found.epoch, attempt, phase, given_back(move, session), REOPEN_KEYS_MS)
        opening = fence.open_up(move, inventory, found.epoch, attempt, phase, rights, REOPEN_LOCK_MS)
        for left in range(REOPEN_TRIES, 0, -1):
            try:
                session.execute(whole if left == REOPEN_TRIES else opening)
                break
            except ServerError as error:
                if error.sqlstate not in LOCKED or left == 1:
                    raise


def settle(world: World, move: Move) -> tuple[str, ...]:
    """Put in order what is not urgent once a side is open: end what followed it before the switch, let the other side
    follow it, and check the keys that were made again; those that rows break, which stay unchecked. May run again.
    Raises Unreachable."""
    found = standings(world, move)
    side = home(found)
    if side is None or len(found) < 2:
        return ()
    phase = found[side].phase
    if phase not in (Phase.FOLLOWING, Phase.SWITCHED):
        return ()
    away = other(side)
    with world.session(move.place(side)) as near, world.session(move.place(away)) as far:
        back, forth = direction(away), direction(side)
        if far.query(follow.subscribed(move.id, forth)):
            # what brought the rows here has brought the last of them
            # a slot alone is what is left of a switch that was killed before it could subscribe
            if near.query(follow.subscribed(move.id, back)) or far.query(follow.slot_there(move.id, back)):
                end(move, far, near, back)
            rows_ = far.query(follow.subscribed(move.id, forth))
            if rows_ and rows_[0][0] is not True:
                far.execute(follow.enable(move.id, forth))
        if found[away].phase is not phase:
            far.execute(to_phase(move, phase))
        return _validate(world, near, move)


def check_keys(world: World, move: Move, side: str) -> tuple[str, ...]:
    """Check what came back with a side that serves on; the keys that rows break. Nobody waits for it."""
    with world.session(move.place(side)) as session:
        return _validate(world, session, move)


def _validate(world: World, session: Session, move: Move) -> tuple[str, ...]:
    """Bring back keys that could not come with a side, check all that came, and forget what was kept for it. A key that
    rows break, or that somebody has dropped since, is none of the move's business any more, and told."""
    broken: list[str] = []

    def again(name: object, text: object, what: str) -> None:
        try:
            patiently(world, session, Sql((str(text),)), what)
        except ServerError as error:
            if error.sqlstate not in _NOT_VALID:
                raise
            if name not in broken:
                broken.append(str(name))
                world.tell(KeyUnchecked(str(name), error.message))

    for name, text in session.query(fence.away(move)):
        again(name, text, "a foreign key that comes back")
    for kind, name, text in session.query(fence.kept(move)):
        if kind == fence.VALIDATION:
            again(name, text, "a foreign key")
    for kind in (*fence.GIVEN_BACK, fence.VALIDATION):
        session.execute(fence.forget(move, kind))
    return tuple(broken)


_NOT_VALID = ("23503", "42704")
"""Rows break the key; there is no such key."""
