"""Sessions that only read: straight to a server, or through a pool, where nothing holds longer than a transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from freehold.errors import ServerError, Unreachable
from freehold.pg.session import PgSession, connect
from freehold.sqltext import keyword

Found = TypeVar("Found")

WORKERS = 2
"""Databases that are read at the same time: a look at a server in use takes few of its connections."""

_SETTINGS = {
    "default_transaction_read_only": "on",
    "search_path": "pg_catalog,pg_temp",
    "standard_conforming_strings": "on",
    "statement_timeout": "15000",
    "lock_timeout": "500",
    "jit": "off",
}
_KEPT = keyword("SHOW default_transaction_read_only")
_POOLS = keyword("SHOW DATABASES")


def opened(parameters: dict[str, str | int], *, pool: bool = False) -> tuple[PgSession, bool]:
    """A session, and whether the way leads through a pool: then ``each`` of its transactions begins with what else is
    the session's.

    A pool refuses these settings at the start of a session, or passes over them when it is told to. Raises ServerError
    for the console of PgBouncer, which is no database.
    """
    if pool:
        return _behind(parameters), True
    options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    try:
        session = connect({**parameters, "options": options})
    except Unreachable as error:
        if "unsupported startup parameter" not in error.message:
            raise
        return _behind(parameters), True
    _no_console(session)
    kept = session.attempt(_KEPT)
    if kept.rows == (("on",),):
        return session, False
    session.close()
    return _behind(parameters), True


class Cancellable(Protocol):
    """A session that another thread may stop."""

    def cancel(self) -> None: ...


def side_by_side(
    work: Callable[[str], Found], names: Sequence[str], running: Collection[Cancellable]
) -> dict[str, Found]:
    """``work`` for each name, few at a time. Interrupted, nothing more begins and what runs in ``running`` is
    cancelled, so that nobody waits for a statement."""
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        try:
            return dict(zip(names, pool.map(work, names), strict=True))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for session in tuple(running):
                session.cancel()
            raise


def _behind(parameters: dict[str, str | int]) -> PgSession:
    session = connect(parameters)
    _no_console(session)
    session.each = tuple(keyword(f"SET LOCAL {name} = {value}") for name, value in _SETTINGS.items())
    return session


def _no_console(session: PgSession) -> None:
    if not session.server.endswith("bouncer"):
        return
    rows = session.attempt(_POOLS).rows
    session.close()
    names = sorted({str(row[0]) for row in rows if row[0] != "pgbouncer"})
    servers = sorted({f"{row[1]}:{row[2]}" for row in rows if row[1]})
    raise ServerError(
        "this is PgBouncer's own console and no database",
        hint="Name a database of the pool"
        + (f" ({', '.join(names)})" if names else "")
        + ", or better the server behind it"
        + (f" ({', '.join(servers)})" if servers else "")
        + ".",
    )
