"""What PgBouncer's console shows, as our own nouns, and how full a pool is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from freehold.pool.model import Running, Totals

Rows = Iterable[Mapping[str, str]]


def running(alias: str, pools: Rows, databases: Rows) -> Running:
    """One entry from SHOW POOLS and SHOW DATABASES, summed over logins and over the processes they were asked of."""
    mine = [row for row in pools if row["database"] == alias]
    entries = [row for row in databases if row["name"] == alias]
    waits = [float(row["maxwait"]) * 1000 + float(row.get("maxwait_us", "0")) / 1000 for row in mine]
    first = entries[0] if entries else {}
    return Running(
        alias=alias,
        clients_active=_sum(mine, "cl_active"),
        clients_waiting=_sum(mine, "cl_waiting"),
        servers_active=_sum(mine, "sv_active"),
        servers_idle=_sum(mine, "sv_idle") + _sum(mine, "sv_used"),
        longest_wait_ms=max(waits, default=0.0),
        paused=any(row.get("paused") == "1" for row in entries),
        host=first.get("host", ""),
        port=int(first.get("port") or 0),
        database=first.get("database", ""),
    )


def totals(alias: str, stats: Rows) -> Totals:
    """The counters of one entry from SHOW STATS of each of its processes."""
    mine = [row for row in stats if row["database"] == alias]
    return Totals(
        alias=alias,
        transactions=_sum(mine, "total_xact_count"),
        busy_us=_sum(mine, "total_xact_time"),
        waited_us=_sum(mine, "total_wait_time"),
    )


def utilisation(seen: Running, size: int) -> float:
    """Busy server connections over the size of the pool; over 1 when the reserve is in use."""
    return seen.servers_active / size if size else 0.0


def _sum(rows: Iterable[Mapping[str, str]], column: str) -> int:
    return sum(int(row.get(column) or 0) for row in rows)
