"""A platform with time series on test servers, and its maintenance at any moment one likes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from freehold.apply.run import LOCK_WAIT_MS
from freehold.apply.run.lend import lending
from freehold.apply.run.world import World
from freehold.found.journal import Run
from freehold.layouts.model import Placement
from freehold.layouts.placement import place
from freehold.local.clock import SystemClock
from freehold.local.commands import ShellCommands
from freehold.maintain.model import Report
from freehold.maintain.run import maintain
from freehold.ports import Servers, Session
from freehold.spans import Span, parse_moment, parse_span
from freehold.spec.model import Layout, Migrations, Server, Service, TableName
from freehold.spec.series import Hold, How, Retention, TimeSeries
from freehold.sqltext import raw
from support.applying import WHO, Heard, Workshop, sql_file
from support.plans import MAIN, platform

TICK = TableName("market", "tick")
DAY = Span(seconds=86_400)
TABLE = (
    "CREATE TABLE tick (id bigint GENERATED ALWAYS AS IDENTITY, time timestamptz NOT NULL, symbol text NOT NULL,"
    " price numeric, twice numeric GENERATED ALWAYS AS (price * 2) STORED, hold boolean, PRIMARY KEY (id, time));"
    "CREATE INDEX tick_time ON tick (time);"
)


@dataclass
class Keeper:
    """An applied platform and everything to maintain it with."""

    work: Workshop

    def lend(self, servers: Servers, placement: Placement) -> AbstractContextManager[Session]:
        commands = ShellCommands(self.work.folder)
        run = Run("", self.work.platform.name, WHO)
        world = World(servers, self.work.secrets, SystemClock(), commands, Heard(), run, 0, LOCK_WAIT_MS)
        return lending(world, placement)

    def maintain(self, now: str = "", servers: Servers | None = None, **options: object) -> Report:
        moment: datetime | None = parse_moment(now) if now else None
        over = servers or self.work.servers
        return maintain(
            self.work.platform,
            place(self.work.platform),
            over,
            SystemClock(),
            self.work.heard,
            lambda placement: self.lend(over, placement),
            who=WHO,
            now=moment,
            **options,  # type: ignore[arg-type]  # options are passed on
        )

    def admin(self, service: str = "market") -> Session:
        placement = place(self.work.platform).of(service)
        return self.work.servers.admin(placement.instance, placement.database)

    def app(self, service: str = "market") -> Session:
        """A session of the service itself."""
        placement = place(self.work.platform).of(service)
        role = placement.roles.app
        password = self.work.secrets.password(role)
        return self.work.servers.login(placement.instance, placement.database, role, password)

    def ask(self, text: str) -> list[tuple[object, ...]]:
        session = self.admin()
        try:
            return session.query(raw(text))
        finally:
            session.close()

    def partitions(self, table: str = "market.tick") -> list[tuple[str, str]]:
        """Name and bound of each partition, by name; times in UTC."""
        session = self.admin()
        try:
            session.query(raw("SELECT set_config('TimeZone', 'UTC', false)"))
            rows = session.query(
                raw(
                    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits AS i JOIN pg_class AS c"
                    f" ON c.oid = i.inhrelid WHERE i.inhparent = '{table}'::regclass ORDER BY 1"
                )
            )
        finally:
            session.close()
        return [(str(name), str(bound)) for name, bound in rows]


def series(keep: str = "", ahead: str = "2 days", table: TableName = TICK, **more: object) -> TimeSeries:
    """A time series by the column ``time`` in pieces of a day."""
    return TimeSeries(
        table,
        "time",
        more.pop("chunk", DAY),  # type: ignore[arg-type]  # a Span
        ahead=parse_span(ahead),
        keep=parse_span(keep) if keep else None,
        **more,  # type: ignore[arg-type]  # fields of TimeSeries
    )


def retention(keep: str, hold: Hold | None = None, table: TableName = TICK, **more: object) -> Retention:
    return Retention(table, str(more.pop("by", "time")), parse_span(keep), hold=hold, **more)  # type: ignore[arg-type]


def keeper(
    servers: Servers,
    folder: Path,
    *declared: TimeSeries | Retention,
    text: str = TABLE,
    layout: Layout = Layout.DATABASE_PER_SERVICE,
    schema: str = "market",
    server: Server = MAIN,
    extensions: tuple[str, ...] = (),
) -> Keeper:
    """Apply a platform whose service ``market`` declares ``declared``."""
    market = Service(
        schema,
        (schema,),
        extensions=extensions,
        migrations=Migrations(folder="m"),
        timeseries=tuple(one for one in declared if isinstance(one, TimeSeries)),
        retention=tuple(one for one in declared if isinstance(one, Retention)),
    )
    work = Workshop(
        servers,
        folder,
        platform(market, Service("other", ("other",)), layout=layout, servers=(server,)),
        migrations={schema: (sql_file("1.sql", text),)},
    )
    work.apply()
    return Keeper(work)


__all__ = ["DAY", "TICK", "How", "Keeper", "keeper", "retention", "series"]
