"""Gives way to whoever waits for rows that a transaction of ours is moving."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from freehold.maintain.model import Task
from freehold.maintain.run.hands import Hands
from freehold.ports import Session
from freehold.sqltext import keyword, sql

ROW_WAIT_MS = 500
"""The longest that anybody waits for a row, whatever the lock timeout: after a second of it PostgreSQL looks for a
deadlock, finds that we wait for the table which that one is writing, and ends its statement instead of ours."""


@contextmanager
def giving_way(hands: Hands, task: Task, session: Session) -> Iterator[None]:
    """A statement inside is canceled when somebody has waited for ``session`` longer than the lock timeout.

    PostgreSQL bounds how long we wait and how long a statement runs, not how long others wait for its row locks.
    """
    ((pid,),) = session.query(keyword("SELECT pg_catalog.pg_backend_pid()"))
    cancel = sql(
        "SELECT pg_catalog.pg_cancel_backend({}) WHERE EXISTS (SELECT FROM pg_catalog.pg_locks AS w WHERE NOT w.granted"
        " AND w.waitstart < pg_catalog.clock_timestamp() - interval '1 ms'"
        " * CASE WHEN w.locktype = 'relation' THEN {} ELSE {} END"
        " AND {} = ANY (pg_catalog.pg_blocking_pids(w.pid)))",
        int(str(pid)),
        hands.lock_timeout_ms,
        min(hands.lock_timeout_ms, ROW_WAIT_MS),
        int(str(pid)),
    )
    watch, over = hands.servers.admin(*task.place), threading.Event()

    def look() -> None:
        while not over.wait(min(hands.lock_timeout_ms, ROW_WAIT_MS) / 4_000):
            watch.attempt(cancel)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        watch.close()
