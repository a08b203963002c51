"""A platform of one table of ticks, plain or cut into days, for the benchmarks of time series."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.lab import Lab, lab
from bench.work import Silent, apply_all, plan_of
from freehold.apply.run import LOCK_WAIT_MS
from freehold.apply.run.lend import lending
from freehold.apply.run.world import World
from freehold.found.journal import Run
from freehold.layouts.placement import place
from freehold.local.clock import SystemClock
from freehold.local.commands import ShellCommands
from freehold.maintain.model import Report
from freehold.maintain.run import maintain
from freehold.pg.machine import machine
from freehold.pg.session import PgSession
from freehold.plan.model import Design, MigrationFile
from freehold.spans import Span, iso
from freehold.spec.model import Layout, Migrations, Platform, Server, ServerKind, Service, TableName
from freehold.spec.series import Aggregate, Retention, Rollup, TimeSeries
from freehold.sqltext import Sql, join, keyword, literal, raw, sql

DAY = Span(seconds=86_400)
NOW = datetime(2026, 11, 20)
TABLE = (
    "CREATE TABLE tick (time timestamptz NOT NULL, symbol text NOT NULL, bid numeric(10, 5), ask numeric(10, 5),"
    " volume integer); CREATE INDEX ON tick (symbol, time DESC)"
)
TICK = TableName("market", "tick")


@dataclass(frozen=True)
class Ticks:
    """The applied platform, and an administrator's session in its database."""

    lab: Lab
    session: PgSession

    def maintain(self, now: datetime) -> Report:
        """One run of maintenance at a moment, without a limit that a benchmark could run into."""
        world = World(
            self.lab.servers,
            self.lab.secrets,
            SystemClock(),
            ShellCommands(),
            Silent(),
            Run("", self.lab.platform.name, "bench"),
            0,
            LOCK_WAIT_MS,
        )
        report = maintain(
            self.lab.platform,
            self.lab.placements,
            self.lab.servers,
            SystemClock(),
            Silent(),
            lambda placement: lending(world, placement),
            who="bench",
            now=now,
            lock_timeout_ms=60_000,
        )
        if report.findings or report.unfinished:
            raise SystemExit(f"maintenance was not clean: {report.findings or report.unfinished}")
        return report


@contextmanager
def ticks(*, series: TimeSeries | None = None, retention: Retention | None = None) -> Iterator[Ticks]:
    """A started platform whose service ``market`` has the table."""
    service = Service(
        "market",
        ("market",),
        migrations=Migrations(folder="m"),
        timeseries=(series,) if series else (),
        retention=(retention,) if retention else (),
    )
    what = Platform("bench", Layout.DATABASE_PER_SERVICE, (Server("main", ServerKind.EMBEDDED),), (service,))
    digest = hashlib.sha256(TABLE.encode()).hexdigest()
    files = {"market": (MigrationFile("1.sql", digest, TABLE, transactional=True),)}
    design = Design(what, place(what), machine(), migrations=files)
    with lab(what) as ours:
        apply_all(ours, design, plan_of(ours, design))
        session = ours.servers.admin("main", "bench_market")
        session.execute(keyword("SET search_path = market; SET statement_timeout = 0"))
        try:
            yield Ticks(ours, session)
        finally:
            session.close()


def cut(days: int, *, rolled: bool = False, keep: Span | None = None) -> TimeSeries:
    """The table in pieces of a day, ``days`` of them made ahead."""
    computed = (Aggregate("high", "max", "bid"), Aggregate("n", "count"))
    bars = (Rollup(TableName("market", "bar"), Span(seconds=60), ("symbol",), computed),) if rolled else ()
    return TimeSeries(TICK, "time", DAY, ahead=DAY.times(days), keep=keep, rollups=bars)


def rows(count: int, over_days: int = 1) -> Sequence[tuple[str, str, str, str, int]]:
    """Ticks of 50 symbols, spread over so many days from now on."""
    width = timedelta(days=over_days) / count
    return [
        (iso(NOW + width * n) + "+00", f"SYM{n % 50:02}", f"{1 + bid / 1000:.5f}", f"{1.0002 + bid / 1000:.5f}", n)
        for n, bid in ((n, n % 977) for n in range(count))
    ]


def values(some: Sequence[tuple[str, str, str, str, int]]) -> Sql:
    """One INSERT of these rows."""
    each = (
        sql("({}, {}, {}, {}, {})", literal(time), literal(symbol), raw(bid), raw(ask), volume)
        for time, symbol, bid, ask, volume in some
    )
    return sql("INSERT INTO tick (time, symbol, bid, ask, volume) VALUES {}", join(", ", each))


def copied(some: Sequence[tuple[str, str, str, str, int]]) -> list[bytes]:
    """The same as the blocks of a COPY."""
    lines = ["\t".join(map(str, row)) + "\n" for row in some]
    return ["".join(lines[at : at + 1000]).encode() for at in range(0, len(lines), 1000)]


COPY = keyword("COPY tick (time, symbol, bid, ask, volume) FROM STDIN")
