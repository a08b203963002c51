"""Which stretches of a rollup are to be computed again, and the SQL that finds out and does it.

Rows come late, are corrected and removed. A statement trigger on the series notes the hours of every change of a row
that is older than the *watermark*; newer rows are not noted, so that ordinary inserts cost a comparison and no write.
A refresh computes again what was noted, and everything from *safe_from* on. The watermark then moves to the present,
and safe_from follows it one refresh later: only when no transaction is left that may have compared its rows with the
watermark before. So no commit is missed, however long it took, and no writer waits for a refresh.

What is too old to be kept in the series stays in the rollup as it is, whatever is done to the rows it was made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from freehold.maintain.catalog import moment, regclass, table, utc
from freehold.maintain.noting import TRIGGER
from freehold.plan.rollups import BUCKET, columns, query
from freehold.spans import EARLIEST, LATEST, Span, floor, iso, later, parse_moment, pieces
from freehold.spec.series import Rollup, TimeSeries
from freehold.spec.tables import TableName
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

HOUR = Span(seconds=3600)
Range = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the rollups of a series are. ``clear``: nobody is left who saw an older watermark than this one.
    ``noted``: the stretches of late changes with the numbers of their notes."""

    id: int
    watermark: datetime
    safe_from: datetime
    clear: bool
    kept_from: datetime
    noted: tuple[tuple[int, datetime, datetime], ...] = ()


def progress_of(name: TableName) -> Sql:
    """One row for ``progress``; none when changes are not noted, or not by all four triggers."""
    return sql(
        "SELECT s.id, s.watermark::text, s.safe_from::text, s.waits_for IS NOT NULL AND NOT s.waits_for && {},"
        " s.kept_from::text FROM freehold.series AS s WHERE s.table_schema = {} AND s.table_name = {}"
        " AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = {}"
        "  AND pg_catalog.starts_with(t.tgname::text, {}) AND t.tgenabled <> 'D') = 4",
        RUNNING,
        literal(name.schema),
        literal(name.table),
        regclass(name),
        literal(TRIGGER),
    )


RUNNING = keyword(
    "(SELECT COALESCE(pg_catalog.array_agg(x.id), ARRAY[]::text[]) FROM ("
    "SELECT l.virtualxid AS id FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid"
    " WHERE l.locktype = 'virtualxid' AND a.datname = pg_catalog.current_database()"
    " AND a.pid <> pg_catalog.pg_backend_pid()"
    " UNION ALL SELECT p.transaction::text FROM pg_catalog.pg_prepared_xacts AS p"
    " WHERE p.database = pg_catalog.current_database()) AS x)"
)
"""Every transaction of this database that is under way, by a name that no later one will have."""


def noted_of(series: int) -> Sql:
    return sql("SELECT id, lower::text, upper::text FROM freehold.series_changed WHERE series = {} ORDER BY id", series)


def progress(row: Sequence[object], noted: Iterable[Sequence[object]]) -> Progress:
    number, watermark, safe_from, clear, kept_from = row
    return Progress(
        int(str(number)),
        read_moment(watermark),
        read_moment(safe_from),
        clear is True,
        read_moment(kept_from),
        tuple((int(str(note)), read_moment(lower), read_moment(upper)) for note, lower, upper in noted),
    )


def read_moment(value: object) -> datetime:
    """A timestamp of the control schema; what lies outside the calendar is its end."""
    text = str(value)
    if text == "-infinity" or text.endswith("BC"):
        return EARLIEST
    try:
        return parse_moment(text)
    except ValueError:
        return LATEST


# deciding


def stretches(rollup: Rollup, done: Progress) -> tuple[Range, ...]:
    """The stretches of the rollup to compute again, oldest first, each of whole intervals; open ones end at the ends of
    the calendar. Intervals that reach into what is no longer kept are left as they are."""
    ranges = [(lower, upper) for _, lower, upper in done.noted]
    ranges.append((done.safe_from, LATEST))
    oldest = ceiling(done.kept_from, rollup.every)
    merged: list[Range] = []
    for lower, upper in sorted(
        (max(_down(low, rollup.every), oldest), ceiling(up, rollup.every)) for low, up in ranges
    ):
        if merged and lower <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], upper))
        elif lower < upper:
            merged.append((lower, upper))
    return tuple(merged)


def steps(series: TimeSeries, rollup: Rollup, extent: Range) -> Iterator[Range]:
    """The extent in steps of about a piece of the series, each of whole intervals: no transaction is long."""
    start, end = _down(extent[0], rollup.every), later(_down(extent[1], rollup.every), rollup.every)
    width = series.chunk if series.chunk.about >= timedelta(hours=1) else HOUR
    for _, upper in pieces(start, end, width):
        cut = min(ceiling(upper, rollup.every), end)
        if start < cut:
            yield start, cut
            start = cut


def _down(at: datetime, every: Span) -> datetime:
    return at if at in (EARLIEST, LATEST) else floor(at, every)


def ceiling(at: datetime, every: Span) -> datetime:
    """The beginning of the first whole interval that does not begin before ``at``."""
    lower = _down(at, every)
    return lower if lower == at else later(lower, every)


# computing


def bucket_type(column_type: str) -> str:
    """The type of the rollup's first column."""
    return column_type if column_type == "timestamp with time zone" else "timestamp without time zone"


def extent(series: TimeSeries, rollup: Rollup, column_type: str, within: Range, *, own: bool) -> Sql:
    """(first, last) moment of the rows of the series and (``own``) of the rollup within a stretch, in UTC, or NULLs."""
    parts = [
        sql(
            "SELECT {} AS low, {} AS high FROM (SELECT pg_catalog.min({}) AS low, pg_catalog.max({}) AS high FROM {}"
            " WHERE {}) AS x",
            utc("low", kind),
            utc("high", kind),
            ident(column),
            ident(column),
            table(name),
            _between(column, kind, within),
        )
        for name, column, kind in (
            (series.table, series.column, column_type),
            (rollup.table, BUCKET, bucket_type(column_type)),
        )
        if own or name == series.table
    ]
    both = join(" UNION ALL ", parts)
    return sql("SELECT pg_catalog.min(y.low)::text, pg_catalog.max(y.high)::text FROM ({}) AS y", both)


_FIRST = datetime(1, 1, 2)
_LAST = datetime(9999, 1, 1)


def _between(column: str, column_type: str, within: Range) -> Sql:
    return sql(
        "{} >= {} AND {} < {}",
        ident(column),
        moment(max(within[0], _FIRST), column_type),
        ident(column),
        moment(min(within[1], _LAST), column_type),
    )


def compute(series: TimeSeries, rollup: Rollup, column_type: str, step: Range) -> Sql:
    """Makes the rollup say of one step what the series says; one row with the number of rows that changed.

    Rows that are right already are not written again.
    """
    here = table(rollup.table)
    keys = join(", ", (ident(column) for column in (BUCKET, *rollup.by)))
    every = join(", ", (ident(column) for column in columns(rollup)))
    values = [ident(one.name) for one in rollup.aggregates]
    same = join(" AND ", (sql("o.{} IS NOT DISTINCT FROM k.{}", ident(c), ident(c)) for c in (BUCKET, *rollup.by)))
    put = (
        sql(
            "DO UPDATE SET {} WHERE ROW({})::text IS DISTINCT FROM ROW({})::text",
            join(", ", (sql("{} = excluded.{}", value, value) for value in values)),
            join(", ", (sql("n.{}", value) for value in values)),
            join(", ", (sql("excluded.{}", value) for value in values)),
        )
        if values
        else keyword("DO NOTHING")
    )
    return sql(
        "WITH fresh AS MATERIALIZED ({}), gone AS (SELECT {} FROM {} WHERE {} EXCEPT SELECT {} FROM fresh),"
        " took AS (DELETE FROM {} AS o USING gone AS k WHERE {} RETURNING 1),"
        " put AS (INSERT INTO {} AS n ({}) SELECT {} FROM fresh ON CONFLICT ({}) {} RETURNING 1)"
        " SELECT (SELECT pg_catalog.count(*) FROM took) + (SELECT pg_catalog.count(*) FROM put)",
        query(series, rollup, column_type, _between(series.column, column_type, step)),
        keys,
        here,
        _between(BUCKET, bucket_type(column_type), step),
        keys,
        here,
        same,
        here,
        every,
        every,
        keys,
        put,
    )


# afterwards


def settle(done: Progress, now: datetime) -> tuple[Sql, ...]:
    """What was noted is done; with nobody left behind the watermark moves on. One transaction."""
    numbers = [note for note, _, _ in done.noted]
    forget = [sql("DELETE FROM freehold.series_changed WHERE id IN ({})", _numbers(numbers))] if numbers else []
    if not done.clear:
        return tuple(forget)
    moves = now > done.watermark
    return (
        *forget,
        sql(
            "UPDATE freehold.series SET safe_from = watermark, watermark = {}{} WHERE id = {}",
            literal(iso(max(now, done.watermark))),
            # not known before the new watermark is there for everybody to see
            keyword(", waits_for = NULL") if moves else Sql(()),
            done.id,
        ),
    )


def left_behind(series: int) -> Sql:
    """After the watermark moved: who may have seen the one before."""
    return sql("UPDATE freehold.series SET waits_for = {} WHERE id = {} AND waits_for IS NULL", RUNNING, series)


def keep_from(name: TableName, before: datetime) -> Sql:
    """What the rollups say of everything older stays, since the rows go now."""
    return sql(
        "UPDATE freehold.series SET kept_from = GREATEST(kept_from, {}) WHERE table_schema = {} AND table_name = {}",
        literal(iso(before)),
        literal(name.schema),
        literal(name.table),
    )


def _numbers(numbers: Iterable[int]) -> Sql:
    return join(", ", (sql("{}", number) for number in numbers))
