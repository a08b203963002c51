"""Lets a side follow the other, and tells how far behind it is by rows that travel the same way as the data."""

from __future__ import annotations

from collections.abc import Iterable

from freehold.errors import FreeholdError, ServerError
from freehold.move import control, copy, follow, follower, names
from freehold.move.events import LagSeen, Waiting
from freehold.move.model import SOURCE, Inventory, Move, other
from freehold.move.run.world import World, connection
from freehold.move.state import note
from freehold.plan.linked import LOUD, QUIET
from freehold.ports import Session
from freehold.spec.model import TableName
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

POLL_MS = 2.0
SYNC_POLL_MS = 200.0
ERRORS = 5
"""How often what follows may stop at an error before it is called one."""


def direction(from_side: str) -> str:
    """``f`` where the source is followed, ``r`` where the target is."""
    return "f" if from_side == SOURCE else "r"


def begin(world: World, move: Move, inventory: Inventory) -> None:
    """Let the target follow the source; tables that were not copied whole are left to PostgreSQL. May run again."""
    name = ident(names.stream(move.id, "f"))
    with world.session(move.source) as source, world.session(move.target) as target:
        whole = {TableName(str(row[0]), str(row[1])) for row in target.query(copy.complete(move.id))}
        absent = [table.name for table in follow.published(inventory) if table.name not in whole]
        if not target.query(follow.subscribed(move.id, "f")):
            if absent:
                source.execute(sql("ALTER PUBLICATION {} DROP TABLE ONLY {}", name, _listed(absent)))
            subscribe(world, move, SOURCE, source, target, enabled=True)
        missing = [one for one in absent if not source.query(_published(move, one))]
        if missing:
            for one in missing:
                target.execute(copy.anew(one))
            source.execute(sql("ALTER PUBLICATION {} ADD TABLE ONLY {}", name, _listed(missing)))
        if absent:
            source.execute(follower.may_read(move.id, "f", absent))
            target.execute(follow.refresh(move.id, "f"))
        while waiting := target.query(follow.not_ready(move.id, "f")):
            alive(move, target, SOURCE)
            world.tell(Waiting("what follows", f"PostgreSQL to copy {len(waiting)} tables that were left over"))
            world.clock.sleep_ms(SYNC_POLL_MS)
        if absent:
            source.execute(follower.reads_no_more(move.id, "f", absent))


def subscribe(world: World, move: Move, from_side: str, near: Session, far: Session, *, enabled: bool) -> None:
    """Let ``far`` follow ``near``, which is ``from_side``, under a login made for it. Nobody but the subscription will
    know its password. May run again until the subscription is there."""
    way = direction(from_side)
    password, verifier = world.secrets.ephemeral(0)
    near.execute(note(move, {f"login_{way}": names.stream(move.id, way)}))
    if not near.query(follower.there(move.id, way)):
        near.execute(follower.make(move.id, way))
    near.execute(follower.admit(move.id, way, move.place(from_side).database), lambda _: verifier)
    words = connection(world, move.place(from_side), names.stream(move.id, way))
    make = follow.subscription(move.id, way, follower.connection(words), version(far), enabled=enabled)
    for statement in (*QUIET, make, *LOUD):
        far.execute(statement, lambda _: password)


def cross(world: World, move: Move, from_side: str, token: str, timeout_ms: float) -> float | None:
    """Write a barrier on one side and wait until it is on the other: how long that took in ms, None when too long."""
    with world.session(move.place(from_side)) as near, world.session(move.place(other(from_side))) as far:
        began = world.clock.monotonic_ms()
        near.execute(control.barrier(move.id, token))
        return arrived(world, move, far, token, began, timeout_ms, from_side)


def arrived(
    world: World, move: Move, far: Session, token: str, began_ms: float, timeout_ms: float, from_side: str
) -> float | None:
    """Wait for a barrier. Raises FreeholdError when what should bring it has stopped."""
    question = control.arrived(move.id, token)
    checked = began_ms
    while not far.query(question):
        now = world.clock.monotonic_ms()
        if now - began_ms >= timeout_ms:
            return None
        if now - checked > 1_000:
            alive(move, far, from_side)
            checked = now
        world.clock.sleep_ms(POLL_MS)
    return round(world.clock.monotonic_ms() - began_ms, 3)


def alive(move: Move, far: Session, from_side: str) -> None:
    """Let a subscription that stopped at an error go on: it may have met somebody's lock. Raises FreeholdError when it
    is gone, or has stopped again and again."""
    way = direction(from_side)
    rows = far.query(follow.subscribed(move.id, way))
    if rows and rows[0][0] is True:
        return
    met = int(str((far.query(follow.errors(move.id, way)) or [(0,)])[0][0]))
    if rows and met <= ERRORS:
        far.execute(follow.enable(move.id, way))
        return
    raise FreeholdError(
        f'service "{move.service}" is not followed any more: the subscription "{names.stream(move.id, way)}" '
        + (f"has stopped at an error {met} times" if rows else "is not there"),
        hint="The log of the server that follows names the row; `freehold move abort` gives the move up.",
    )


def caught_up(world: World, move: Move, from_side: str, within_ms: float) -> float:
    """Wait until a barrier crosses within ``within_ms``; how long the last one took. Says how far behind it is."""
    number = 0
    while True:
        number += 1
        took = cross(world, move, from_side, f"beat:{world.clock.now_iso()}:{world.clock.monotonic_ms():.3f}", 5_000.0)
        world.tell(LagSeen(lag_bytes(world, move, from_side), took))
        if took is not None and took <= within_ms:
            return took


def lag_bytes(world: World, move: Move, from_side: str) -> int | None:
    """Bytes written on one side that the other has not confirmed; None where there is no slot."""
    with world.session(move.place(from_side)) as near:
        rows = near.query(follow.lag_bytes(move.id, direction(from_side)))
    return int(str(rows[0][0])) if rows and rows[0][0] is not None else None


def version(session: Session) -> int:
    """server_version_num."""
    return int(str(session.query(keyword("SELECT pg_catalog.current_setting('server_version_num')"))[0][0]))


def end(move: Move, near: Session, far: Session, way: str) -> None:
    """End what follows in one direction: ``near`` is followed, ``far`` follows. Leaves nothing of it; may run again."""
    if far.query(follow.subscribed(move.id, way)):
        for statement in follow.unsubscribe(move.id, way):
            far.execute(statement)
    for _ in range(500):
        rows = near.query(follow.slot_there(move.id, way))
        if not rows:
            break
        if not rows[0][0]:
            try:
                near.query(follow.drop_slot(move.id, way))
            except ServerError as error:
                if error.sqlstate != "55006":  # its walsender has not noticed yet
                    raise
        near.query(keyword("SELECT pg_catalog.pg_sleep(0.01)"))
    near.execute(follow.drop_publication(move.id, way))
    if near.query(follower.there(move.id, way)):
        near.execute(follower.drop(move.id, way))


def _listed(names: Iterable[TableName]) -> Sql:
    return join(", ONLY ", [ident(one.schema, one.table) for one in names])


def _published(move: Move, name: TableName) -> Sql:
    return sql(
        "SELECT 1 FROM pg_catalog.pg_publication_tables WHERE pubname = {} AND schemaname = {} AND tablename = {}",
        literal(names.stream(move.id, "f")),
        literal(name.schema),
        literal(name.table),
    )
