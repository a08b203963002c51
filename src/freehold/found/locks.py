"""Locks that runs of Freehold hold against each other, and what to do when somebody else holds one."""

from __future__ import annotations

from freehold.sqltext import Sql, literal, sql

YIELDING_MS = 10
"""How long a session of Freehold waits for a lock before it looks whether it is itself the deadlock."""

YIELDING = sql(
    "SELECT pg_catalog.set_config('deadlock_timeout', {}, false) FROM pg_catalog.pg_roles"
    " WHERE rolname = current_user AND rolsuper",
    literal(str(YIELDING_MS)),
)
"""For a session that waits for a lock only shortly: autovacuum gives way to who has waited for deadlock_timeout, by
default 1 s, so who gives up sooner would never get past it. And where two wait for each other, the one that looks first
is the one that fails. Only a superuser may say so; for others it does nothing."""

LOCK_TIMEOUT_MS = 3_000
"""How long a statement waits for a lock at most."""

GIVING_WAY = sql(
    "SELECT pg_catalog.set_config('lock_timeout',"
    " least({}, greatest(1, reset_val::integer * 9 / 10))::text, true), ({})"
    " FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'",
    LOCK_TIMEOUT_MS,
    YIELDING,
)
"""For a transaction that takes several locks, also YIELDING: it gives each up before a client that came later, and
waits for one that it has, looks for a deadlock and fails for it."""

BACKOFF_LONGEST_MS = 5_000.0
_BACKOFF_MS = 200.0

_RETRIED = frozenset({"55P03", "40P01", "40001", "55006"})
_RACES = ("tuple concurrently updated", "tuple concurrently deleted")


def retriable(sqlstate: str, message: str) -> bool:
    """Whether the server refused only because somebody else was there first: a lock that was not given in time, a
    deadlock, a serialization failure, a database in use, or two sessions at one row of a catalog."""
    return sqlstate in _RETRIED or (sqlstate == "XX000" and any(race in message for race in _RACES))


def backoff_ms(attempt: int, jitter: float) -> float:
    """How long to wait before attempt ``attempt`` + 1; ``jitter`` in 0..1 keeps two waiters from meeting again."""
    return min(BACKOFF_LONGEST_MS, _BACKOFF_MS * 2.0 ** min(attempt, 10)) * (0.5 + 0.5 * jitter)


def lock_key(platform: str) -> Sql:
    """The key of the lock that one apply holds; there is one in the maintenance database of each instance."""
    return sql("pg_catalog.hashtextextended({}, 0)", literal(f"freehold:{platform}"))


def holders(key: Sql) -> Sql:
    """Who else holds the advisory lock ``key`` in any database: pid, application, user, address, since, seconds."""
    return sql(
        "SELECT a.pid, a.application_name, COALESCE(a.usename, ''), COALESCE(a.client_addr::text, 'local'),"
        " pg_catalog.date_trunc('second', a.backend_start)::text,"
        " EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.backend_start)::integer"
        " FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid <> pg_catalog.pg_backend_pid()"
        " AND ((l.classid::bigint << 32) | l.objid::bigint) = {} ORDER BY a.backend_start, a.pid",
        key,
    )
