"""The platform's lock: one apply at a time, on every instance, for as long as the run lasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

from freehold.apply.resume import work_key
from freehold.apply.run.world import World
from freehold.errors import Busy, ServerError
from freehold.found.locks import holders, lock_key
from freehold.ports import Row, Session
from freehold.sqltext import Sql, keyword, sql

POLL_MS = 25.0
OUTLIVED_MS = 60_000.0
"""How long to wait for sessions of a run that is gone; the server ends them by itself when their client is dead."""


@contextmanager
def held(world: World, instances: Sequence[str], wait_ms: float) -> Iterator[Mapping[str, Session]]:
    """Holds the lock on ``instances``, in this order. Raises Busy, naming the holder, after ``wait_ms``.

    The lock goes with the session, so a killed run holds nothing. Sessions that outlived their run are waited for:
    what one of them still commits must be seen by the plan, not met by a step.
    """
    deadline = world.clock.monotonic_ms() + wait_ms
    with ExitStack() as stack:
        sessions: dict[str, Session] = {}
        for instance in instances:
            session = world.servers.admin(instance)
            stack.callback(_release, session)
            # the session may have nothing to say for as long as the longest migration runs
            session.execute(keyword("SET idle_session_timeout = 0"))
            _take(world, session, instance, deadline)
            _outlive(world, session, instance)
            sessions[instance] = session
        yield sessions


def still_held(sessions: Mapping[str, Session]) -> str | None:
    """The first instance whose lock was lost with its session, or None."""
    for instance, session in sessions.items():
        try:
            session.query(keyword("SELECT 1"))
        except ServerError:
            return instance
    return None


def _take(world: World, session: Session, instance: str, deadline: float) -> None:
    key = lock_key(world.run.platform)
    said = False
    while not session.query(sql("SELECT pg_catalog.pg_try_advisory_lock({})", key))[0][0]:
        rows = session.query(holders(key))
        if world.clock.monotonic_ms() >= deadline:
            raise Busy(
                f'another run works on platform "{world.run.platform}": {_named(rows) or "it ended just now"},'
                f' on instance "{instance}"',
                hint="Wait for it to end, or let this run wait with `--wait SECONDS`.",
            )
        if rows and not said:
            world.say(f"waiting for another run: {_named(rows)}")
            said = True
        world.clock.sleep_ms(POLL_MS)


def _outlive(world: World, session: Session, instance: str) -> None:
    deadline = world.clock.monotonic_ms() + OUTLIVED_MS
    question: Sql = holders(work_key(world.run.platform))
    said = False
    while rows := session.query(question):
        if world.clock.monotonic_ms() >= deadline:
            raise Busy(
                f'a session of an interrupted run still works on instance "{instance}": {_named(rows)}',
                hint=f"Wait for it, or end it with `SELECT pg_terminate_backend({rows[0][0]})`.",
            )
        if not said:
            world.say(f"waiting for what an interrupted run left: {_named(rows)}")
            said = True
        world.clock.sleep_ms(POLL_MS)


def _named(rows: Sequence[Row]) -> str:
    return ", ".join(
        f'process {pid} (application "{application}", user "{user}" from {address}, since {since}, {seconds} s)'
        for pid, application, user, address, since, seconds in rows
    )


def _release(session: Session) -> None:
    # at once, not when the server notices that the connection is gone: the next run may be waiting
    with suppress(ServerError):
        session.execute(keyword("SELECT pg_catalog.pg_advisory_unlock_all()"))
    session.close()
