"""A proof of a platform with hypertables: what stands behind them raises no alarm, and a right on a chunk does."""

from __future__ import annotations

import pytest

from freehold.plan.make import make
from freehold.plan.model import Statement
from freehold.prove.model import Report
from freehold.spans import parse_span
from freehold.spec.model import Layout, Platform, Server, ServerKind, Service, TableName
from freehold.spec.series import Aggregate, Rollup, Space, TimeSeries
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.proofs import Built, build, file, read
from support.timescale import timescale

__all__ = ["timescale"]
pytestmark = pytest.mark.real

MAIN = Server("main", ServerKind.URL, url="postgresql://named.by/the-fixture")
TICK = TableName("market", "tick")
BAR = Rollup(TableName("market", "bar"), parse_span("1 hour"), ("symbol",), (Aggregate("n", "count"),))
SERIES = TimeSeries(
    TICK, "time", parse_span("1 day"), Space("symbol", 2), compress_after=parse_span("7 days"), rollups=(BAR,)
)
FILES = {
    "market": file(
        "CREATE TABLE tick (time timestamptz NOT NULL, symbol text NOT NULL, price numeric);"
        "CREATE INDEX ON tick (time); INSERT INTO tick SELECT '2026-11-01'::timestamptz + n * interval '1 hour',"
        " 'S' || n % 3, n FROM generate_series(1, 200) AS n"
    ),
    "reader": file("CREATE TABLE note (id int)"),
    "stranger": file("CREATE TABLE note (id int)"),
}
PACK = (
    "SELECT extensions.compress_chunk(c) FROM extensions.show_chunks('market.tick') AS c LIMIT 2;\n"
    "CALL extensions.refresh_continuous_aggregate('market.bar', NULL, NULL)"
)


@pytest.fixture
def built(timescale: TidyServers) -> Built:
    services = (
        Service("market", ("market",), extensions=("timescaledb",), timeseries=(SERIES,), publishes=(TICK,)),
        Service("reader", ("reader",), reads=(TICK,)),
        Service("stranger", ("stranger",)),
    )
    built = build(timescale, Platform("shop", Layout.SCHEMA_PER_SERVICE, (MAIN,), services), FILES)
    built.admin(PACK, "shop")
    return built


def chunk(built: Built) -> str:
    session = built.servers.admin("main", "shop")
    ((name,),) = session.query(raw("SELECT c::text FROM extensions.show_chunks('market.tick') AS c ORDER BY 1 LIMIT 1"))
    session.close()
    return str(name)


def found(report: Report) -> set[tuple[str, str]]:
    return {(one.code, one.title) for one in (*report.violations, *report.unknown)}


def test_hypertables_raise_no_alarm_and_a_right_on_a_chunk_does(built: Built) -> None:
    assert built.apply() == 0
    report = built.prove()
    assert (found(report), report.passed) == (set(), True)

    name = chunk(built)
    built.admin(f"GRANT SELECT ON {name} TO shop_stranger_app", "shop")
    opened = found(built.prove())

    assert {code for code, _ in opened} == {"columns", "read_tables", "undeclared_grants"}
    assert all("shop_stranger_app" in title for _, title in opened)
    # the same right is drift, and an authoritative plan takes it away and nothing else
    plan = make(built.design, read(built.servers, built.design))
    assert [step.say() for step in plan.steps] == []
    (step,) = plan.undeclared
    assert "shop_stranger_app" in step.say()
    built.admin(";\n".join(effect.sql.shown() for effect in step.do() if isinstance(effect, Statement)), "shop")
    assert found(built.prove(attacks=["read_tables", "undeclared_grants", "columns"])) == set()


def test_a_right_on_the_hypertable_or_the_rollup_is_found_once_for_all_chunks(built: Built) -> None:
    built.admin(
        "GRANT SELECT ON market.tick TO shop_stranger_app;\nGRANT SELECT ON market.bar TO shop_stranger_app", "shop"
    )
    report = built.prove(attacks=["undeclared_grants"])
    assert [one.title.count("_timescaledb_internal") for one in report.violations] == [0] * len(report.violations)
    assert {one.service for one in report.violations} == {"market"}
