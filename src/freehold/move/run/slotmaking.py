"""Makes a replication slot, which waits for every transaction on its server that began to write before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from freehold.errors import ServerError
from freehold.move.events import Waiting
from freehold.move.run.notnow import NotNow
from freehold.move.run.world import LOCKED, World
from freehold.ports import Session
from freehold.sqltext import keyword, sql

TRIES, TRY_MS = 20, 3_000
"""Together a minute. Nobody waits for who waits here."""

Made = TypeVar("Made")


def made(world: World, what: str, maker: Session, watcher: Session, make: Callable[[], Made]) -> Made:
    """What ``make`` returns once it could send what makes the slot through ``maker``, which may wait for locks so long
    from now on. Tells who is waited for. Raises NotNow with their names after a minute."""
    maker.query(sql("SET lock_timeout = {}", TRY_MS))
    for left in range(TRIES, 0, -1):
        try:
            return make()
        except ServerError as error:
            if error.sqlstate not in LOCKED:
                raise
            named = _writers(watcher)
            if left == 1:
                raise NotNow(
                    f"{what} could not be made: it waits for transactions that are open: {named}",
                    hint="Nobody is held back. End them, with `SELECT pg_terminate_backend(PROCESS)` if need be, and"
                    " run the command again.",
                ) from None
            world.tell(Waiting(what, f"transactions that are open: {named}"))
    raise AssertionError


def _writers(session: Session) -> str:
    rows = session.query(_WRITERS)
    return "; ".join(
        f'process {pid} (user "{user}", application "{application}", database "{database}", for {age})'
        for pid, user, application, database, age in rows
    )


_WRITERS = keyword(
    "SELECT process, coalesce(who, ''), coalesce(application, ''), coalesce(place, ''),"
    " pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - began)::text FROM ("
    "SELECT pid::text, usename, application_name, datname, xact_start FROM pg_catalog.pg_stat_activity"
    " WHERE backend_xid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid()"
    " UNION ALL SELECT 'of prepared transaction ' || gid, owner, '', database, prepared"
    " FROM pg_catalog.pg_prepared_xacts) AS w (process, who, application, place, began) ORDER BY began, process LIMIT 5"
)
