"""How fast ticks come in: a plain table, 1 to 1,000 partitions, one with a rollup, and TimescaleDB if there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.table import Measure, Table, seconds, timed
from bench.ticks import COPY, NOW, copied, cut, rows, ticks, values
from bench.timescale import NOT_MEASURED, hypertable, named
from freehold.pg.session import PgSession
from freehold.sqltext import Sql, keyword


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


def _timescale(quick: bool, days: int) -> tuple[str, ...]:
    with hypertable() as here:
        # TRUNCATE drops the chunks of a hypertable: the first rows of each measurement make them again
        return (here.name, str(days), "", *_measured(here.session, quick, days))


def run(quick: bool) -> Table:
    """The same rows into every kind of table."""
    sizes = (1, 10) if quick else (1, 10, 100, 1000)
    found = [_native(quick, "plain table", 1, plain=True)]
    found += [_native(quick, "partitioned by day", days) for days in sizes]
    found.append(_native(quick, "partitioned, with a rollup by the minute", sizes[1], rolled=True))
    if named():
        found += [_timescale(quick, days) for days in sizes]
    return Table(
        title="Ingest of ticks",
        how="One client, one index (symbol, time), fsync on, data in memory-backed storage; rows a second. All rows "
        "but the last column's are of one day. `made` is one `freehold maintain` that makes all the partitions.",
        columns=("table", "days", "made", "INSERT of 1", "INSERT of 1,000", "COPY", "COPY over all days"),
        rows=tuple(found),
        reading="" if named() else NOT_MEASURED,
    )


ingest_of_ticks = Measure(run)
