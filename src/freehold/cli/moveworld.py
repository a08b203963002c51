"""What commands about moves share: the ports of a move with both homes in reach, its clients, where it stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freehold.cli import watching
from freehold.cli.context import Context, who
from freehold.cli.feed import Feed, Taker
from freehold.cli.moveview import View
from freehold.cli.progress import Bar
from freehold.cli.traffic import NoPool, PoolTraffic, traffic
from freehold.cli.underway import servers_of
from freehold.errors import Unreachable
from freehold.local.clock import SystemClock
from freehold.local.movesfile import Known
from freehold.move.model import TARGET, Move, Side
from freehold.sqltext import keyword, literal, sql

if TYPE_CHECKING:
    from freehold.move.run.probing import Probe
    from freehold.move.run.slots import Slot
    from freehold.move.run.world import World
    from freehold.move.state import Standing
    from freehold.ports import Servers


@contextmanager
def world_of(context: Context, move: Move, *, dumps: bool = True) -> Iterator[World]:
    """The ports of a move, with both homes in reach. Without ``dumps`` no server is asked before it is needed."""
    from freehold.move.run.world import World
    from freehold.pg.dump import PgDumps

    servers = servers_of(context, move)
    majors = majors_of(servers, move) if dumps else {}
    out = context.out
    streaming = out.streams and out.as_json
    # where the lines of the stream go to a terminal, nothing may be drawn between them
    with Bar(move.service, animated=not (streaming and sys.stdout.isatty())) as bar:
        takers: list[Taker] = [View(bar).take]
        if streaming:
            takers.append(lambda told: out.line(told.as_json()))
        with Feed(move, takers) as feed:
            yield World(
                servers,
                context.secrets,
                SystemClock(),
                PgDumps(servers.addresses(), majors, context.binaries()),
                who(),
                watch=lambda one, pause_ms, tell: watching.watched(context.path, one, pause_ms, tell),
                homed=context.moves.homed,
                events=feed.take,
            )


def majors_of(servers: Servers, move: Move) -> dict[str, int]:
    """The major version of each instance of a move that answers."""
    found: dict[str, int] = {}
    for name in sorted({move.source.instance, move.target.instance} & set(servers.addresses())):
        with suppress(Unreachable), closing(servers.admin(name)) as session:
            found[name] = int(str(session.query(keyword("SHOW server_version_num"))[0][0])) // 10000
    return found


@contextmanager
def steering(context: Context, move: Move) -> Iterator[PoolTraffic | NoPool]:
    """What holds the service's clients back and leads them; closed at the end."""
    clients = traffic(context, move)
    try:
        yield clients
    finally:
        if isinstance(clients, PoolTraffic):
            clients.close()


@dataclass(frozen=True, slots=True)
class Seen:
    """What both sides say of a move, how many bytes the side that follows is behind, how many rows were copied, the
    slots of the move, and how long a row took to cross, where that was asked."""

    sides: dict[str, Standing]
    lag_bytes: int | None
    copied_rows: int
    slots: tuple[Slot, ...] = ()
    probe: Probe | None = None


def look(context: Context, entry: Known, began_ms: float | None = None, *, probing: bool = False) -> Seen:
    """Where a move stands. ``began_ms`` is when this process began to ask, if not now; ``probing`` sends a row through
    the stream. Raises Unreachable."""
    from freehold.move import copy
    from freehold.move.run.following import lag_bytes
    from freehold.move.run.healing import home, standings
    from freehold.move.run.probing import probe
    from freehold.move.run.slots import slots

    if entry.in_place:
        return Seen({}, None, 0)
    began_ms = SystemClock().monotonic_ms() if began_ms is None else began_ms
    with world_of(context, entry.move) as world:
        found = standings(world, entry.move)
        side, copied = home(found), 0
        if TARGET in found:
            with world.session(entry.move.target) as session:
                copied = int(str(session.query(copy.rows_there(entry.move.id))[0][0]))
        kept = slots(world, entry.move, found, began_ms)
        lag = lag_bytes(world, entry.move, side) if side else None
        followed = any(one.followed for one in kept if one.side == side)
        crossed = probe(world, entry.move, found[side], followed=followed) if probing and side else None
        return Seen(found, lag, copied, kept, crossed)


def database_there(context: Context, place: Side) -> bool:
    """Whether the database exists."""
    session = context.servers.admin(place.instance)
    try:
        question = sql("SELECT 1 FROM pg_catalog.pg_database WHERE datname = {}", literal(place.database))
        return bool(session.query(question))
    finally:
        session.close()


def databases_of(context: Context, instance: str) -> tuple[str, ...]:
    session = context.servers.admin(instance)
    try:
        question = keyword("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate")
        return tuple(sorted(str(row[0]) for row in session.query(question)))
    finally:
        session.close()
