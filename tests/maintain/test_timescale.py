"""The same declaration and the same queries on hypertables, where a server with TimescaleDB is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.spec.model import Server, ServerKind, TableName
from freehold.spec.series import Aggregate, Rollup, Space
from freehold.spans import parse_span
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.maintaining import TABLE, TICK, How, Keeper, keeper, retention, series
from support.timescale import timescale

__all__ = ["timescale"]
pytestmark = pytest.mark.real

MAIN = Server("main", ServerKind.URL, url="postgresql://named.by/the-fixture")
KEYED = TABLE.replace("PRIMARY KEY (id, time)", "PRIMARY KEY (id, time, symbol)")
BAR = TableName("market", "bar")
ALL = (
    Aggregate("open", "first", "price"),
    Aggregate("high", "max", "price"),
    Aggregate("close", "last", "price"),
    Aggregate("mean", "avg", "price"),
    Aggregate("n", "count"),
)


def hyper(servers: TidyServers, folder: Path, *declared: object, text: str = KEYED, **more: object) -> Keeper:
    return keeper(servers, folder, *declared, text=text, server=MAIN, extensions=("timescaledb",), **more)  # type: ignore[arg-type]


def test_it_is_made(timescale: TidyServers, tmp_path: Path) -> None:
    bar = Rollup(BAR, parse_span("1 hour"), ("symbol",), ALL)
    keep = hyper(timescale, tmp_path, series(keep="3 days", space=Space("symbol", 2), rollups=(bar,)))
    app = keep.app()
    app.query(raw("INSERT INTO market.tick (time, symbol, price) SELECT '2026-11-18 10:00+00'::timestamptz + n * interval '1 hour', 'S' || n % 3, n FROM generate_series(1, 100) n RETURNING 1"))
    app.close()
    print(keep.work.sentences())
    for moment in ("2026-11-20", "2026-11-20", "2026-11-23", "2026-11-23", "2026-11-23"):
        report = keep.maintain(moment)
        print([(one.what, one.rows, one.bytes, one.says) for one in report.done], report.findings, report.unfinished)
    print(keep.ask("SELECT min(time), count(*) FROM market.tick"), keep.ask("SELECT min(bucket), count(*) FROM market.bar"))
    plan = keep.work.plan()
    print([step.say() for step in (*plan.steps, *plan.undeclared)], plan.notes)
    raise AssertionError
