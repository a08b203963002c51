"""Prepares a switch while the service runs: the way back, the guards, and what must be given back if it fails."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from freehold.errors import FreeholdError
from freehold.move import advancing, control, ddl, fence, follow, identity
from freehold.move.advancing import SequenceGrant
from freehold.move.events import LagSeen
from freehold.move.model import Inventory, Move, other
from freehold.move.run import slotmaking
from freehold.move.run.following import cross, direction, end, lag_bytes, subscribe
from freehold.move.run.look import look
from freehold.move.run.world import World, patiently
from freehold.move.state import NEW_ATTEMPT, claim
from freehold.ports import Session

BEATS = 3


@dataclass(frozen=True)
class Armed:
    """What a switch needs and must not look for while clients wait."""

    near: Inventory
    far: Inventory
    grants: tuple[SequenceGrant, ...]
    epoch: int
    kept: tuple[str, ...]
    attempt: str


def guard(world: World, move: Move, side: str, inventory: Inventory, *, refusing: bool) -> None:
    """Put the guards on the tables of a side; ``refusing`` from now on, as the side is that does not serve."""
    hint = away(world, move, other(side))
    with world.session(move.place(side)) as session:
        there = {(str(s), str(t)) for s, t in session.query(control.guarded(move.schemas))}
        for table, statement in zip(inventory.tables, fence.guards(move, inventory.tables, hint), strict=True):
            if (table.name.schema, table.name.table) not in there:
                patiently(world, session, statement, "a guard")
            if refusing:
                patiently(world, session, control.deny(fence.name_of(table.name)), "a guard")
        for statement in ddl.no_ddl():
            session.execute(statement)


def away(world: World, move: Move, side: str) -> str:
    """What a client is told that writes where the service does not live any more."""
    place = move.place(side)
    address = world.servers.addresses()[place.instance]
    return (
        f'It lives in database "{place.database}" at {address.host}:{address.port} now: connect through its pool, or'
        f" take its connection string from `freehold url {move.service}`."
    )


def arm(world: World, move: Move, near_side: str, epoch: int) -> Armed:
    """Make everything that the switch away from ``near_side`` needs. May run again; disturbs nobody.

    Raises NotNow where transactions keep the slot of the way back from being made.
    """
    far_side = other(near_side)
    way = direction(far_side)
    near_inventory, far_inventory = look(world, move, move.place(near_side)), look(world, move, move.place(far_side))
    with world.session(move.place(near_side)) as near, world.session(move.place(far_side)) as far:
        guard(world, move, near_side, near_inventory, refusing=False)
        for statement in identity.whole(move, follow.published(far_inventory)):
            patiently(world, far, statement, "replica identity")
        if not far.query(follow.slot_there(move.id, way)):
            if near.query(follow.subscribed(move.id, way)):
                end(move, far, near, way)
            for statement in follow.publication(move.id, way, follow.published(far_inventory)):
                patiently(world, far, statement, "publication")
            where = f'the slot for the way back on "{move.place(far_side).instance}"'
            with world.session(move.place(far_side)) as watcher:
                slotmaking.made(world, where, far, watcher, lambda: far.query(follow.make_slot(move.id, way)))
        if not near.query(follow.subscribed(move.id, way)):
            subscribe(world, move, far_side, far, near, enabled=False)
        grants = advancing.grants(near.query(advancing.question(move.schemas)))
        for statement in (
            advancing.FUNCTION,  # a move that an older Freehold began does not have it
            *fence.keep_grants(move, grants),
            *fence.keep_keys(move, near_inventory),
        ):
            near.execute(statement)
        kept = given_back(move, far)
        attempt = str(near.query(NEW_ATTEMPT)[0][0])
        for session in (near, far):
            session.execute(claim(move, attempt))
        for statement in follow.advance_slot(move.id, way):
            far.execute(statement)
    return Armed(near_inventory, far_inventory, grants, epoch, kept, attempt)


def given_back(move: Move, session: Session, kinds: Collection[str] = fence.GIVEN_BACK) -> tuple[str, ...]:
    """What the transaction that opens this side gives back."""
    return tuple(str(sql) for kind, _, sql in session.query(fence.kept(move)) if kind in kinds)


def steady(world: World, move: Move, near_side: str, within_ms: float, wait_ms: float) -> None:
    """Wait until several barriers in a row cross quickly: a pause must not begin behind a queue.

    Raises FreeholdError after ``wait_ms``; nobody was held back.
    """
    deadline, quick, number = world.clock.monotonic_ms() + wait_ms, 0, 0
    while quick < BEATS:
        number += 1
        token = f"steady:{world.clock.monotonic_ms():.3f}:{number}"
        took = cross(world, move, near_side, token, max(within_ms, 1_000.0))
        world.tell(LagSeen(lag_bytes(world, move, near_side), took))
        quick = quick + 1 if took is not None and took <= within_ms else 0
        if not quick and world.clock.monotonic_ms() >= deadline:
            raise FreeholdError(
                f'service "{move.service}" is followed too slowly for a switch: a row took '
                + (f"{took:.0f} ms" if took is not None else f"more than {max(within_ms, 1_000.0):.0f} ms"),
                hint="Nobody was held back. Try again when the servers are less busy, or allow more with --lag.",
            )
