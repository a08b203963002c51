"""Which engine keeps a time series: TimescaleDB where it is or will be installed and can keep it, else PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from freehold.found.model import Found
from freehold.found.timescale import Timescale
from freehold.layouts.model import Placement
from freehold.plan.look import Look, look
from freehold.plan.wanted_model import WantedDatabase
from freehold.spec.series import TimeSeries
from freehold.sqltext import PUBLIC

TIMESCALEDB = "timescaledb"


class Engine(StrEnum):
    """Who cuts tables by time. ``native`` is PostgreSQL's own partitioning."""

    NATIVE = "native"
    TIMESCALE = "timescaledb"


@dataclass(frozen=True, slots=True)
class Home:
    """The database and the service of a time series. ``declared``: the service declares the extension; ``schema`` is
    where this plan would install it."""

    instance: str
    database: str
    service: str
    owner: str
    declared: bool
    schema: str

    @staticmethod
    def of(want: WantedDatabase, placement: Placement) -> Home:
        declared = placement.service in want.extensions.get(TIMESCALEDB, ())
        where = "public" if want.foreign else want.extension_schema
        return Home(want.instance, want.name, placement.service, placement.roles.owner, declared, where)


@dataclass(frozen=True, slots=True)
class Kept:
    """The engine of one time series; ``why`` it is PostgreSQL's where TimescaleDB is installed."""

    engine: Engine
    why: str = ""

    @property
    def native(self) -> bool:
        return self.engine is Engine.NATIVE


def kept(found: Found, home: Home, series: TimeSeries) -> Kept:
    """The engine of a time series, as it is or as this plan will leave it.

    A migration that is still to run may change the answer: whoever sends statements asks again when it sends them.
    """
    seen = look(found)
    timescale = seen.contents(home.instance, home.database).timescale
    if timescale is None:
        server = seen.server(home.instance)
        available = server is not None and TIMESCALEDB in server.extensions_available
        if not home.declared or not available:
            return Kept(Engine.NATIVE)
    elif timescale.hypertable(series.table.schema, series.table.table) is not None:
        return Kept(Engine.TIMESCALE)
    why = _of_the_extension(seen, home, timescale, series) if timescale is not None else ""
    # last, because a table that the extension could not keep is partitioned already, ever after
    why = why or _of_the_table(seen, home, series)
    return Kept(Engine.NATIVE, why) if why else Kept(Engine.TIMESCALE)


def extension_schema(found: Found, home: Home) -> str:
    """Where the functions of TimescaleDB are, or will be."""
    timescale = look(found).contents(home.instance, home.database).timescale
    return timescale.schema if timescale is not None else home.schema


def _of_the_table(seen: Look, home: Home, series: TimeSeries) -> str:
    schema, name = series.table.schema, series.table.table
    shapes = seen.contents(home.instance, home.database).shapes
    if any(one.row_security for one in shapes if (one.schema, one.name) == (schema, name)):
        return "it has row level security, which the chunks of a hypertable have not"
    table = seen.table(home.instance, home.database, schema, name)
    if table is not None and table.kind == "PARTITIONED TABLE":
        return "it is partitioned by PostgreSQL already"
    return ""


def _of_the_extension(seen: Look, home: Home, timescale: Timescale, series: TimeSeries) -> str:
    where = seen.contents(home.instance, home.database).schemas.get(timescale.schema)
    users = {who for who, right in seen.pairs(where.acl) if right == "USAGE"} if where else set()
    if not home.declared and not users & {PUBLIC, home.owner}:
        return f'service "{home.service}" does not declare the extension {TIMESCALEDB}'
    if timescale.apache and series.rollups:
        return f'timescaledb.license is "{timescale.licence}": this edition of TimescaleDB has no continuous aggregates'
    return ""
