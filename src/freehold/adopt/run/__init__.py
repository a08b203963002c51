"""Looks at a database, and splits it: one transaction for each service, which takes every lock within half of the
server's deadlock_timeout or none. So a client of the live database waits that long at most, and is never chosen to
give way: a deadlock with this transaction is over before any client looks for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freehold.adopt import catalog, record, statements
from freehold.adopt.model import Old, Seen, Share, Thing
from freehold.adopt.run.logins import dismiss, keep_in
from freehold.adopt.statements import Work
from freehold.errors import Busy, ServerError
from freehold.ports import Clock, Progress, Servers, Session
from freehold.sqltext import PUBLIC, join, keyword, sql

__all__ = ["Place", "World", "begin", "end_names", "look", "put_back"]

_LOCKED = ("55P03", "57014", "40P01")
_LONGEST_MS = 500
_REST_MS = (50.0, 1_000.0)


@dataclass(frozen=True)
class Place:
    """A database to be split."""

    instance: str
    database: str


@dataclass(frozen=True)
class World:
    """The ports of an adoption, and for how long it tries to get its locks."""

    servers: Servers
    clock: Clock
    progress: Progress
    wait_ms: float = 60_000.0


def look(world: World, place: Place, sources: Iterable[str], targets: Iterable[str]) -> Seen:
    """What the database holds. Changes nothing."""
    session = world.servers.admin(place.instance, place.database)
    try:
        spaces = frozenset(targets)
        recorded = session.query(catalog.HAS_RECORD)[0][0] is True
        old = record.old(session.query(record.READ)) if recorded else ()
        origins = {*sources, *(one.schema for one in old)}
        ((answer,),) = session.query(catalog.question({*origins, *spaces}, PUBLIC))
        return catalog.seen(str(answer), session.query(catalog.taken(spaces)), old, spaces)
    finally:
        session.close()


def begin(world: World, place: Place, share: Share, seen: Seen, *, views: bool, ours: frozenset[str]) -> None:
    """Give a service its share. ``ours`` are roles of the platform. Raises Busy when clients are in the way."""
    session = world.servers.admin(place.instance, place.database)
    try:
        session.execute(record.MAKE)
        work = statements.adopt(share, share.placement.roles.owner, views=views)
        logins = keep_in(session, place.database, share, seen.clients, ours)
        _patiently(world, session, Work(work.locking, (*work.rest, *logins)), seen, share.service)
    finally:
        session.close()


def end_names(world: World, place: Place, ending: Sequence[Old], late: Share, seen: Seen) -> None:
    """Take the old names of a service away, and let what had no other name follow."""
    session = world.servers.admin(place.instance, place.database)
    try:
        first = statements.drop_views(ending, _unwatched(ending, seen))
        then = statements.adopt(late, late.placement.roles.owner, views=False)
        work = Work((*first.locking, *then.locking), (*first.rest, *then.rest))
        _patiently(world, session, work, seen, late.service)
    finally:
        session.close()


def _unwatched(ending: Sequence[Old], seen: Seen) -> list[Thing]:
    """The tables that no view outside acts on as somebody else; what such a view shows must not change."""
    placed = {one.key: one for one in seen.placed}
    outside = {one.key for one in seen.things}
    watched = {what for who, what in seen.uses if who in outside}
    return [placed[one.key] for one in ending if one.key in placed and one.key not in watched]


def put_back(world: World, place: Place, service: str, seen: Seen) -> int:
    """Bring back what a service adopted; how many things came back."""
    placed = {one.key: one for one in (*seen.placed, *seen.things)}
    kept = [one for one in seen.old if one.service == service]
    share = [(one, placed[one.key]) for one in kept if one.key in placed]
    session = world.servers.admin(place.instance, place.database)
    try:
        work = statements.undo(share, kept)
        _patiently(
            world, session, Work(work.locking, (*work.rest, *dismiss(session, place.database, service))), seen, service
        )
    finally:
        session.close()
    return len(share)


def _patiently(world: World, session: Session, work: Work, seen: Seen, service: str) -> None:
    """All of the work in one transaction, again until every lock came quickly."""
    budget_ms = max(20, min(_LONGEST_MS, seen.deadlock_timeout_ms // 2))
    deadline = world.clock.monotonic_ms() + world.wait_ms
    rest_ms = _REST_MS[0]
    while True:
        try:
            with session.transaction():
                _send(world, session, work, budget_ms)
            return
        except ServerError as error:
            if error.sqlstate not in _LOCKED:
                raise
            if world.clock.monotonic_ms() >= deadline:
                raise Busy(
                    f'clients hold tables of service "{service}" for longer than {budget_ms} ms at a time',
                    hint="End long transactions and vacuums (pg_stat_activity), or give it longer with --wait. Nothing"
                    " of this service was changed.",
                ) from None
            world.progress.event(f"{service}: a client is at work, trying again", 0, 0)
            world.clock.sleep_ms(rest_ms)
            rest_ms = min(rest_ms * 2, _REST_MS[1])


def _send(world: World, session: Session, work: Work, budget_ms: int) -> None:
    started = world.clock.monotonic_ms()
    for one in work.locking:
        left = int(budget_ms - (world.clock.monotonic_ms() - started))
        if left <= 0:
            raise ServerError("the time for taking locks is over", sqlstate="55P03")
        session.execute(sql("SET LOCAL statement_timeout = {}; {}", left, one))
    session.execute(keyword("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 500"))
    if work.rest:
        session.execute(join("; ", work.rest))
