"""What it takes to get rid of a day: its partition dropped, or its rows deleted; how both grow with 1 to 1,000 days."""

from __future__ import annotations

from datetime import timedelta

from bench.table import Measure, Table, seconds, timed
from bench.ticks import COPY, NOW, TICK, copied, cut, rows, ticks
from bench.timescale import NOT_MEASURED, hypertable, named
from freehold.spans import Span
from freehold.spec.series import Retention
from freehold.sqltext import keyword, literal, sql

_SIZE = keyword("SELECT pg_catalog.pg_total_relation_size('market.tick') / 1048576")
_NEXT = literal(f"{NOW + timedelta(days=1)}+00")
_KEEP = Span(seconds=36 * 3600)
_ONE_MORE = keyword("ALTER TABLE market.tick DETACH PARTITION market.tick_p20261121; DROP TABLE market.tick_p20261121")
"""What PostgreSQL itself needs for the next day, without Freehold."""

LATER = NOW + timedelta(days=2, hours=12)
"""When the first day is too old, and only that one."""


def _dropped(days: int, count: int) -> tuple[str, ...]:
    with ticks(series=cut(days + 2, keep=_KEEP)) as here:
        here.maintain(NOW)
        here.session.copy_in(COPY, copied(rows(count)))
        here.session.execute(keyword("ANALYZE tick"))
        took = timed(lambda: here.maintain(LATER))
        left = here.session.query(keyword("SELECT pg_catalog.count(*) FROM tick"))[0][0]
        if left != 0:
            raise SystemExit(f"{left} rows are left")
        alone = timed(lambda: here.session.execute(_ONE_MORE))
        return (str(days), f"{count:,}", seconds(took), seconds(alone), "0", "")


def _deleted(days: int, count: int) -> tuple[str, ...]:
    """Of a plain table that holds ``days`` days of ``count`` rows each."""
    with ticks(retention=Retention(TICK, "time", _KEEP)) as here:
        for day in range(days):
            moved = sql("time + pg_catalog.make_interval(days => {})", day)
            if day == 0:
                here.session.copy_in(COPY, copied(rows(count)))
            else:
                copy = sql(
                    "INSERT INTO tick SELECT {}, symbol, bid, ask, volume FROM tick WHERE time < {}", moved, _NEXT
                )
                here.session.execute(copy)
        here.session.execute(keyword("CREATE INDEX ON tick (time)"))
        took = timed(lambda: here.maintain(LATER))
        left = here.session.query(keyword("SELECT pg_catalog.count(*) FROM tick"))[0][0]
        if left != count * (days - 1):
            raise SystemExit(f"{left} rows are left, {count * (days - 1)} should be")
        size = here.session.query(_SIZE)[0][0]
        vacuum = timed(lambda: here.session.execute(keyword("VACUUM tick")))
        return (str(days), f"{count:,}", seconds(took), "", str(size), seconds(vacuum))


def _chunk_dropped(days: int, count: int) -> tuple[str, ...]:
    """Of a hypertable whose first day is full; every other holds a row, since an empty day has no chunk."""
    with hypertable() as here:
        here.session.copy_in(COPY, copied(rows(count)))
        here.session.copy_in(COPY, copied(rows(days + 1, days + 1)))
        took = timed(lambda: here.session.query(sql("SELECT drop_chunks('tick', older_than => timestamptz {})", _NEXT)))
        left = here.session.query(keyword("SELECT pg_catalog.count(*) FROM tick"))[0][0]
        if left != days:
            raise SystemExit(f"{left} rows are left, {days} should be")
        return (here.name, str(days), f"{count:,}", "", seconds(took), "", "")


def run(quick: bool) -> Table:
    """One day goes; the others are there and empty (partitions) or full (the plain table)."""
    count = 10_000 if quick else 500_000
    sizes = (1, 10) if quick else (1, 10, 100, 1000)
    plain = (2,) if quick else (2, 10)
    table = [("partition dropped", *_dropped(days, count)) for days in sizes]
    table += [("rows deleted", *_deleted(days, count)) for days in plain]
    if named():
        table += [_chunk_dropped(days, count) for days in sizes]
    return Table(
        title="Retention of a day",
        how="`freehold maintain` when one day is too old, login lent and journal written included; `alone` is DETACH "
        "and DROP of one more day by hand, with TimescaleDB drop_chunks. Deleted in batches of 10,000 along an index "
        "on time.",
        columns=("how", "days there", "rows of a day", "maintain", "alone", "MiB left", "VACUUM afterwards"),
        rows=tuple(table),
        reading="" if named() else NOT_MEASURED,
    )


retention_of_a_day = Measure(run)
