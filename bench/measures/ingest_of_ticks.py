"""How fast ticks come in: a plain table, 1 to 1,000 partitions, one with a rollup, and TimescaleDB if there is one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import psycopg

from bench.table import Measure, Table, seconds, timed
from bench.ticks import COPY, NOW, TABLE, copied, cut, rows, ticks, values
from freehold.pg.session import PgSession
from freehold.sqltext import Sql, keyword, raw


def _measured(session: PgSession, quick: bool, days: int) -> tuple[str, ...]:
    """Rows a second: one row each, a thousand each, COPY into a day, COPY over all days."""
    single, many, copy = (200, 5_000, 20_000) if quick else (3_000, 100_000, 300_000)

    singles = [values([row]) for row in rows(single)]
    some = rows(many)
    thousands = [values(some[at : at + 1000]) for at in range(0, many, 1000)]
    day, over = copied(rows(copy)), copied(rows(copy, days))

    def send(statements: Sequence[Sql]) -> None:
        for statement in statements:
            session.execute(statement)

    works: tuple[tuple[int, Callable[[], object]], ...] = (
        (single, lambda: send(singles)),
        (many, lambda: send(thousands)),
        (copy, lambda: session.copy_in(COPY, day)),
        (copy, lambda: session.copy_in(COPY, over)),
    )
    found = []
    for count, work in works:
        session.execute(keyword("TRUNCATE tick"))
        found.append(f"{count / timed(work):,.0f}")
    return tuple(found)


def _native(quick: bool, name: str, days: int, *, plain: bool = False, rolled: bool = False) -> tuple[str, ...]:
    with ticks(series=None if plain else cut(days, rolled=rolled)) as here:
        made = "" if plain else seconds(timed(lambda: here.maintain(NOW)))
        return (name, "" if plain else str(days), made, *_measured(here.session, quick, days))


def _timescale(url: str, quick: bool, days: int) -> tuple[str, ...]:
    session = PgSession(psycopg.connect(url, autocommit=True))
    try:
        version = session.query(keyword("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'"))
        session.execute(keyword("DROP SCHEMA IF EXISTS freehold_bench CASCADE; CREATE SCHEMA freehold_bench"))
        session.execute(keyword("SET search_path = freehold_bench, public"))
        session.execute(raw(TABLE))
        session.query(keyword("SELECT create_hypertable('tick', 'time', chunk_time_interval => interval '1 day')"))
        found = _measured(session, quick, days)
        # TRUNCATE drops the chunks of a hypertable: the first rows of each measurement make them again
        return (f"TimescaleDB {version[0][0]}, a server of its own", str(days), "", *found)
    finally:
        session.execute(keyword("DROP SCHEMA IF EXISTS freehold_bench CASCADE"))
        session.close()


def run(quick: bool) -> Table:
    """The same rows into every kind of table."""
    sizes = (1, 10) if quick else (1, 10, 100, 1000)
    found = [_native(quick, "plain table", 1, plain=True)]
    found += [_native(quick, "partitioned by day", days) for days in sizes]
    found.append(_native(quick, "partitioned, with a rollup by the minute", sizes[1], rolled=True))
    url = os.environ.get("FREEHOLD_TEST_TIMESCALE_URL", "")
    if url:
        found += [_timescale(url, quick, days) for days in sizes]
    return Table(
        title="Ingest of ticks",
        how="One client, one index (symbol, time), fsync on, data in memory-backed storage; rows a second. All rows "
        "but the last column's are of one day. `made` is one `freehold maintain` that makes all the partitions.",
        columns=("table", "days", "made", "INSERT of 1", "INSERT of 1,000", "COPY", "COPY over all days"),
        rows=tuple(found),
        reading="" if url else "TimescaleDB was not measured: `FREEHOLD_TEST_TIMESCALE_URL` names no server.",
    )


ingest_of_ticks = Measure(run)
