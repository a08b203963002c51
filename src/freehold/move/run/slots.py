"""The slots of a move: how much WAL each keeps on its server, and whether anybody will ever read it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from freehold.move import follow
from freehold.move.model import SOURCE, TARGET, Move, other
from freehold.move.names import stream, verifying_slot
from freehold.move.run.following import direction
from freehold.move.run.world import World
from freehold.ports import Session
from freehold.sqltext import Sql, join, literal, sql

FORWARD, REVERSE, VERIFICATION = "forward", "reverse", "verification"


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot on ``side``. ``followed``: a subscription that is enabled reads it, at once or when its worker is there.
    ``retained_bytes`` is the WAL that the server keeps for it, None where it keeps none any more. ``abandoned``: what
    it keeps is read by nobody, and no process of Freehold is at work on either side."""

    name: str
    side: str
    direction: str
    active: bool
    followed: bool
    retained_bytes: int | None
    wal_status: str
    abandoned: bool


def slots(world: World, move: Move, sides: Collection[str], began_ms: float) -> tuple[Slot, ...]:
    """The slots of a move on ``sides``, which are those that know of it. ``began_ms`` is when this process began to
    ask: sessions that are younger are its own."""
    names = {
        stream(move.id, "f"): FORWARD,
        stream(move.id, "r"): REVERSE,
        verifying_slot(move.id): VERIFICATION,
    }
    rows: list[tuple[str, tuple[object, ...]]] = []
    subscribed: set[str] = set()
    at_work = False
    for side in (SOURCE, TARGET):
        if side not in sides:
            continue
        way = direction(other(side))
        with world.session(move.place(side)) as session:
            rows += [(side, row) for row in session.query(_kept(names))]
            if any(row[0] is True for row in session.query(follow.subscribed(move.id, way))):
                subscribed.add(stream(move.id, way))
            at_work = at_work or _at_work(session, world.clock.monotonic_ms() - began_ms)
    found: list[Slot] = []
    for side, (name, active, status, kept) in rows:
        way, followed = names[str(name)], str(name) in subscribed
        idle = active is not True and not followed and way != VERIFICATION
        found.append(
            Slot(
                str(name),
                side,
                way,
                active is True,
                followed,
                None if kept is None else int(str(kept)),
                str(status),
                idle and not at_work,
            )
        )
    return tuple(found)


def _kept(names: Collection[str]) -> Sql:
    return sql(
        "SELECT slot_name, active, wal_status,"
        " pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)::bigint"
        " FROM pg_catalog.pg_replication_slots WHERE slot_name = ANY (ARRAY[{}]::name[])"
        " AND database = pg_catalog.current_database() ORDER BY slot_name",
        join(", ", [literal(name) for name in names]),
    )


def _at_work(session: Session, elapsed_ms: float) -> bool:
    """Whether Freehold had a session in this database before this process began to ask."""
    question = sql(
        "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()"
        " AND application_name = 'freehold' AND pid <> pg_catalog.pg_backend_pid()"
        " AND backend_start < pg_catalog.clock_timestamp() - {} * interval '1 millisecond' LIMIT 1",
        int(elapsed_ms) + 1,
    )
    return bool(session.query(question))
