"""The same declaration and the same queries on hypertables, where a server with TimescaleDB is named."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from freehold.errors import ApplyFailed, ServerError
from freehold.plan import destroy
from freehold.spans import iso, parse_span
from freehold.spec.model import Layout, Server, ServerKind, TableName
from freehold.spec.series import Aggregate, Hold, Retention, Rollup, Space, TimeSeries
from freehold.sqltext import ident, keyword, raw
from support.clusters import TidyServers
from support.fixtures import Clusters
from support.loading import BEGIN, HOURS, LOCK_TIMEOUT_MS, SLACK_S, Load, run_hours
from support.maintaining import TABLE, How, Keeper, keeper, retention, series
from support.plans import HOSTILE
from support.timescale import timescale, timescale_apache

__all__ = ["timescale", "timescale_apache"]
pytestmark = pytest.mark.real

MAIN = Server("main", ServerKind.URL, url="postgresql://named.by/the-fixture")
KEYED = TABLE.replace("PRIMARY KEY (id, time)", "PRIMARY KEY (id, time, symbol)")
SPACE = Space("symbol", 2)
BAR = TableName("market", "bar")
ALL = (
    Aggregate("open", "first", "price"),
    Aggregate("high", "max", "price"),
    Aggregate("low", "min", "price"),
    Aggregate("close", "last", "price"),
    Aggregate("volume", "sum", "price"),
    Aggregate("mean", "avg", "price"),
    Aggregate("n", "count"),
    Aggregate("priced", "count", "price"),
)
CHUNKS = (
    "SELECT range_start::date::text, bool_or(is_compressed) FROM timescaledb_information.chunks"
    " WHERE hypertable_name = 'tick' GROUP BY 1 ORDER BY 1"
)


def bar(every: str = "1 hour", table: TableName = BAR, keep: str = "") -> Rollup:
    return Rollup(table, parse_span(every), ("symbol",), ALL, parse_span(keep) if keep else None)


def hyper(
    servers: TidyServers, folder: Path, *declared: TimeSeries | Retention, text: str = KEYED, **more: object
) -> Keeper:
    more.setdefault("extensions", ("timescaledb",))
    return keeper(servers, folder, *declared, text=text, server=MAIN, **more)  # type: ignore[arg-type]


def run(keep: Keeper, *statements: str) -> None:
    session = keep.app()
    for statement in statements:
        session.execute(raw(statement))
    session.close()


def fill(keep: Keeper, day: str, rows: int = 4) -> None:
    run(
        keep,
        f"INSERT INTO market.tick (time, symbol, price) SELECT '{day}+00'::timestamptz + n * interval '1 hour',"
        f" 'S' || n % 2, n FROM generate_series(1, {rows}) AS n",
    )


def done(report: object) -> list[tuple[str, str]]:
    return [(one.what, one.says.rpartition("from ")[2]) for one in report.done]  # type: ignore[attr-defined]


def left(keep: Keeper) -> list[str]:
    plan = keep.work.plan()
    return [step.say() for step in (*plan.steps, *plan.undeclared)]


QUERIES = (
    "SELECT (time AT TIME ZONE 'UTC')::text, symbol, price, twice, hold FROM market.tick ORDER BY 1, 2, 3",
    *(
        "SELECT (bucket AT TIME ZONE 'UTC')::text, symbol, open, high, low, close, volume, mean, n, priced"
        f" FROM market.{table} ORDER BY 1, 2"
        for table in ("bar", "week", "month")
    ),
)


def story(keep: Keeper, seed: int) -> list[list[list[tuple[object, ...]]]]:
    """What every query answers after each day of an eventful week; the same rows for the same seed."""
    draw = random.Random(seed)
    told = []
    for day in range(8, 16):
        values = ", ".join(
            f"('2026-11-{max(1, day - draw.choice((0, 0, 0, 1, 3, 6))):02} {draw.randrange(24)}:{draw.randrange(60)}:"
            f"{n % 60}.{n:06}+00', 'S{draw.randrange(3)}', {draw.choice((draw.randrange(1000), 'NULL'))})"
            for n in range(60)
        )
        run(
            keep,
            f"INSERT INTO market.tick (time, symbol, price) VALUES {values}",
            f"UPDATE market.tick SET price = price + 1 WHERE price % 7 = {draw.randrange(7)}",
            f"DELETE FROM market.tick WHERE price % 11 = {draw.randrange(11)}",
        )
        # the second run removes again what the refresh of late rows brought back into a rollup that is kept for a time
        for _ in range(2):
            report = keep.maintain(f"2026-11-{day:02} 23:59")
            assert (report.findings, report.unfinished, report.held) == ((), (), ())
        assert keep.maintain(f"2026-11-{day:02} 23:59").done == ()
        told.append([keep.ask(query) for query in QUERIES])
    return told


def test_the_same_queries_give_the_same_answers(
    timescale: TidyServers, server18: object, clusters: Clusters, tmp_path: Path
) -> None:
    rollups = (
        bar(keep="4 days"),
        bar("1 week", TableName("market", "week")),
        bar("1 month", TableName("market", "month")),
    )
    declared = series(keep="5 days", space=SPACE, rollups=rollups)
    for name in ("native", "hyper"):
        (tmp_path / name).mkdir()
    native = keeper(clusters(18)[1], tmp_path / "native", declared, text=KEYED)
    cut = hyper(timescale, tmp_path / "hyper", replace(declared, compress_after=parse_span("3 days")))

    first, second = story(native, 7), story(cut, 7)

    for day, (one, other) in enumerate(zip(first, second, strict=True)):
        for query, mine, theirs in zip(QUERIES, one, other, strict=True):
            assert theirs == mine, (day, query)
    assert [len(rows) > 5 for rows in first[-1][:2]] == [True, True]
    assert story(cut, 8)[-1] != first[-1]
    assert left(cut) == []


def test_a_hypertable_is_made_with_its_rows_and_nothing_is_left_to_do(timescale: TidyServers, tmp_path: Path) -> None:
    rows = (
        "INSERT INTO tick (time, symbol, price) SELECT '2026-11-01'::timestamptz + n * interval '1 hour',"
        " 'S' || n % 5, n FROM generate_series(0, 71) AS n;"
    )
    keep = hyper(timescale, tmp_path, series(space=SPACE, rollups=(bar(),)), text=KEYED + rows)

    assert left(keep) == []
    assert keep.ask(CHUNKS) == [(f"2026-11-0{day}", False) for day in (1, 2, 3)]
    assert keep.ask("SELECT count(*) FROM timescaledb_information.chunks") == [(6,)]
    assert keep.ask("SELECT count(*), sum(price) FROM market.tick") == [(72, 71 * 36)]
    assert keep.ask("SELECT count(*) FROM ONLY market.tick") == [(0,)]
    # both belong to the owner role and gave the service what every table of it gives
    assert keep.ask(
        "SELECT relname, relowner::regrole::text, has_table_privilege('shop_market_app', oid, 'INSERT')"
        " FROM pg_class WHERE relnamespace = 'market'::regnamespace AND relname IN ('tick', 'bar') ORDER BY 1"
    ) == [("bar", "shop_market_owner", True), ("tick", "shop_market_owner", True)]
    assert done(keep.maintain("2026-11-04", dry_run=True)) == [("refresh", 'refresh "market"."bar"')]
    assert keep.ask("SELECT count(*) FROM market.bar") == [(0,)]
    assert done(keep.maintain("2026-11-04")) == [("refresh", 'refresh "market"."bar"')]
    assert keep.ask("SELECT sum(n) FROM market.bar") == [(72,)]
    # the first time a chunk at a time
    assert sum(said.startswith("refreshed") for said in keep.work.heard.said) == 3
    again = keep.maintain("2026-11-04")
    assert (again.done, again.journal_id) == ((), "")


def test_a_platform_with_hypertables_can_be_destroyed(timescale: TidyServers, tmp_path: Path) -> None:
    keep = hyper(timescale, tmp_path, series(rollups=(bar(),)), layout=Layout.SCHEMA_PER_SERVICE)
    fill(keep, "2026-11-01")
    keep.maintain("2026-11-02")
    timescale.tidy()
    plan = destroy.make(keep.work.design(), keep.work.found())
    keep.work.apply(plan)
    names = "SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles"
    assert [name for (name,) in timescale.admin("main").query(raw(names)) if str(name).startswith("shop")] == []


def test_a_changed_declaration_changes_the_hypertable_and_can_be_undone(timescale: TidyServers, tmp_path: Path) -> None:
    keep = hyper(timescale, tmp_path, series())
    (market, other) = keep.work.platform.services
    wider = replace(series(), chunk=parse_span("1 week"), compress_after=parse_span("7 days"), rollups=(bar(),))
    keep.work.platform = replace(keep.work.platform, services=(replace(market, timeseries=(wider,)), other))
    plan = keep.work.plan()

    assert [step.say() for step in plan.steps] == [
        'change hypertable "market"."tick": new chunks of 7 days, to be compressed after 7 days',
        'create continuous aggregate "market"."bar", the rollup of "market"."tick" by 1 hour',
    ]
    keep.work.apply(plan)
    assert left(keep) == []
    keep.work.undo(plan)
    assert [step.say() for step in keep.work.plan().steps] == [step.say() for step in plan.steps]


def test_a_dimension_is_added_to_a_hypertable(timescale: TidyServers, tmp_path: Path) -> None:
    keep = hyper(timescale, tmp_path, series())
    fill(keep, "2026-11-01")
    (market, other) = keep.work.platform.services
    spread = replace(market, timeseries=(series(space=SPACE),))
    keep.work.platform = replace(keep.work.platform, services=(spread, other))

    assert keep.work.sentences() == ['change hypertable "market"."tick": 2 parts by "symbol"; a dimension has no undo']
    keep.work.apply()
    assert left(keep) == []
    assert keep.ask("SELECT column_name::text, num_partitions::int FROM timescaledb_information.dimensions") == [
        ("time", None),
        ("symbol", 2),
    ]


def test_retention_drops_exactly_what_is_too_old_and_rollups_keep_saying_it(
    timescale: TidyServers, tmp_path: Path
) -> None:
    keep = hyper(timescale, tmp_path, series(keep="3 days", space=SPACE, rollups=(bar(),)))
    for day in (1, 2, 3, 4):
        fill(keep, f"2026-11-0{day}")
    keep.maintain("2026-11-04 12:00")
    before = keep.ask(QUERIES[1])

    report = keep.maintain("2026-11-06 00:00")

    assert done(report) == [("drop", "2026-11-01 to 2026-11-02"), ("drop", "2026-11-02 to 2026-11-03")]
    assert all(one.bytes for one in report.done)
    assert keep.ask(CHUNKS) == [("2026-11-03", False), ("2026-11-04", False)]
    assert keep.ask(QUERIES[1]) == before
    assert (keep.maintain("2026-11-06").done, left(keep)) == ((), [])
    # too late: its chunk goes at the next run, and the rollup says what it said
    fill(keep, "2026-11-01", rows=2)
    assert done(keep.maintain("2026-11-06")) == [("drop", "2026-11-01 to 2026-11-02")]
    assert keep.ask(QUERIES[1]) == before
    # what is still kept is followed: a correction and a removal
    run(keep, "UPDATE market.tick SET price = 99 WHERE time < '2026-11-04'", "DELETE FROM market.tick WHERE price = 4")
    assert [what for what, _ in done(keep.maintain("2026-11-06"))] == ["refresh"]
    assert keep.ask("SELECT max(high), sum(n) FROM market.bar WHERE bucket >= '2026-11-03'") == [(99, 7)]
    assert keep.ask("SELECT count(*) FROM market.bar WHERE bucket < '2026-11-03'") == [(8,)]


HOLDS = {
    "column": (Hold(column="hold"), ""),
    "condition": (Hold(where="symbol = 'S1' AND time < '2026-11-02' -- disputed"), ""),
    "table": (
        Hold(table=TableName("market", "hold"), match=(("symbol", "name"), ("id", "id"))),
        "CREATE TABLE hold (name text, id bigint);",
    ),
}


@pytest.mark.parametrize("kind", HOLDS)
def test_a_chunk_with_a_held_row_is_never_dropped(timescale: TidyServers, tmp_path: Path, kind: str) -> None:
    hold, more = HOLDS[kind]
    declared = series(space=SPACE), retention("3 days", hold, how=How.DROP)
    keep = hyper(timescale, tmp_path, *declared, text=KEYED + more)
    for day in (1, 2):
        fill(keep, f"2026-11-0{day}")
    run(keep, "UPDATE market.tick SET hold = true WHERE symbol = 'S1' AND time < '2026-11-02'")
    if more:
        run(keep, "INSERT INTO market.hold SELECT symbol, id FROM market.tick WHERE hold")

    report = keep.maintain("2026-12-01")

    assert [(one.what, one.says[-24:]) for one in report.done] == [("drop", "2026-11-02 to 2026-11-03")]
    assert [one.rows for one in report.held] == [2]
    assert keep.ask("SELECT min(time)::date::text, count(*) FROM market.tick") == [("2026-11-01", 4)]
    # without the hold it goes
    run(keep, "UPDATE market.tick SET hold = false, symbol = symbol", *(["DELETE FROM market.hold"] if more else []))
    if kind != "condition":
        assert done(keep.maintain("2026-12-01")) == [("drop", "2026-11-01 to 2026-11-02")]
        assert keep.ask("SELECT count(*) FROM market.tick") == [(0,)]


def test_a_hold_that_arrives_in_the_last_moment_is_seen(timescale: TidyServers, tmp_path: Path) -> None:
    # asked once it holds nothing, asked again it holds
    hold = Hold(where="nextval('market.asked') > 1")
    more = "CREATE SEQUENCE asked;"
    keep = hyper(timescale, tmp_path, series(), retention("3 days", hold, how=How.DROP), text=KEYED + more)
    fill(keep, "2026-11-01", rows=1)

    report = keep.maintain("2026-12-01")

    assert ([one.rows for one in report.held], report.done) == ([1], ())
    assert keep.ask("SELECT count(*) FROM market.tick") == [(1,)]


def test_rows_are_deleted_where_that_is_declared(timescale: TidyServers, tmp_path: Path) -> None:
    keep = hyper(timescale, tmp_path, series(rollups=(bar(),)), retention("2 days", Hold(column="hold")))
    for day in (1, 2, 3):
        fill(keep, f"2026-11-0{day}")
    run(keep, "UPDATE market.tick SET hold = true WHERE price = 1")
    said = keep.maintain("2026-11-04 03:30", dry_run=True)

    report = keep.maintain("2026-11-04 03:30")

    assert [(one.what, one.rows) for one in report.done] == [("refresh", None), ("delete", 5)]
    assert [(one.what, one.rows) for one in said.done] == [("refresh", None), ("delete", 5)]
    assert [one.rows for one in report.held] == [2]
    assert keep.ask("SELECT time::date::text, count(*) FROM market.tick GROUP BY 1 ORDER BY 1") == [
        ("2026-11-01", 1),
        ("2026-11-02", 2),
        ("2026-11-03", 4),
    ]
    assert keep.ask("SELECT sum(n) FROM market.bar") == [(12,)]
    assert keep.maintain("2026-11-04 03:30").done == ()


def test_old_chunks_are_compressed_and_again_after_late_rows(timescale: TidyServers, tmp_path: Path) -> None:
    keep = hyper(timescale, tmp_path, series(space=SPACE, compress_after=parse_span("2 days")))
    for day in (1, 2, 3):
        fill(keep, f"2026-11-0{day}")
    before = keep.ask(QUERIES[0])
    assert {what for what, _ in done(keep.maintain("2026-11-04 12:00", dry_run=True))} == {"compress"}

    report = keep.maintain("2026-11-04 12:00")

    assert set(done(report)) == {("compress", "2026-11-01 to 2026-11-02")}
    assert keep.ask(CHUNKS) == [("2026-11-01", True), ("2026-11-02", False), ("2026-11-03", False)]
    assert keep.ask(QUERIES[0]) == before
    assert (keep.maintain("2026-11-04 12:00").done, left(keep)) == ((), [])
    # by a statement that leaves them uncompressed
    fill(keep, "2026-11-01", rows=1)
    assert [what for what, _ in done(keep.maintain("2026-11-04 12:00"))] == ["compress"]
    assert keep.maintain("2026-11-04 12:00").done == ()


def test_a_job_of_timescaledb_that_asks_for_no_hold_is_a_finding(timescale: TidyServers, tmp_path: Path) -> None:
    keep = hyper(timescale, tmp_path, series(), retention("3 days", Hold(column="hold"), how=How.DROP))
    add = "SELECT extensions.add_retention_policy('market.tick', interval '1 day')"
    assert keep.maintain("2026-11-04").findings == ()
    with pytest.raises(ServerError, match="permission denied to start background process"):
        keep.ask(add)
    keep.admin().execute(keyword("ALTER ROLE shop_market_owner LOGIN"))
    keep.ask(add)

    (finding,) = keep.maintain("2026-11-04").findings

    assert finding.code == "retention_policy_of_timescaledb"
    keep.ask(finding.remedy)
    keep.admin().execute(keyword("ALTER ROLE shop_market_owner NOLOGIN"))
    assert keep.maintain("2026-11-04").findings == ()


SECURED = "ALTER TABLE tick ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON tick USING (symbol = 'S1');"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (KEYED + SECURED, "it has row level security"),
        (
            "CREATE TABLE tick (time timestamptz NOT NULL, symbol text, price numeric) PARTITION BY RANGE (time)",
            "it is partitioned by PostgreSQL already",
        ),
    ],
)
def test_what_timescaledb_cannot_keep_stays_with_postgresql(
    timescale: TidyServers, tmp_path: Path, text: str, why: str
) -> None:
    keep = hyper(timescale, tmp_path, series(keep="3 days", rollups=(bar(),)), text=text)

    assert (left(keep), [why in note for note in keep.work.plan().notes]) == ([], [True])
    report = keep.maintain("2026-11-20")
    assert {one.what for one in report.done} == {"create"}
    assert [name for name, _ in keep.partitions()][:2] == ["tick_default", "tick_p20261120"]
    assert keep.ask("SELECT relkind::text FROM pg_class WHERE oid = 'market.bar'::regclass") == [("r",)]


def test_row_level_security_that_came_later_is_a_finding_and_drift(timescale: TidyServers, tmp_path: Path) -> None:
    keep = hyper(timescale, tmp_path, series())
    fill(keep, "2026-11-01")
    session = keep.admin()
    session.execute(keyword("ALTER TABLE market.tick ENABLE ROW LEVEL SECURITY"))

    assert [one.code for one in keep.maintain("2026-11-04").findings] == ["chunks_without_policies"]
    assert any("_hyper_" in step.say() for step in keep.work.plan().undeclared)
    session.execute(keyword("ALTER TABLE market.tick DISABLE ROW LEVEL SECURITY"))
    assert (keep.maintain("2026-11-04").findings, left(keep)) == ((), [])


def test_a_key_without_the_time_is_refused_with_its_remedy(timescale: TidyServers, tmp_path: Path) -> None:
    text = "CREATE TABLE tick (id bigint PRIMARY KEY, time timestamptz NOT NULL, symbol text, price numeric)"
    with pytest.raises(ApplyFailed) as refused:
        hyper(timescale, tmp_path, series(), text=text)
    assert "does not contain" in str(refused.value)
    assert 'PRIMARY KEY (id, "time")' in refused.value.hint


@pytest.mark.parametrize("layout", [Layout.SCHEMA_PER_SERVICE, Layout.CENTRAL])
def test_hostile_names_are_ordinary(timescale: TidyServers, tmp_path: Path, layout: Layout) -> None:
    table, column, rollup = TableName("market", HOSTILE[0]), HOSTILE[1], TableName("market", HOSTILE[4])
    ours = Rollup(rollup, parse_span("1 day"), (HOSTILE[2],), (Aggregate(HOSTILE[6], "last", HOSTILE[3]),))
    declared = TimeSeries(
        table,
        column,
        parse_span("1 day"),
        Space(HOSTILE[2], 2),
        keep=parse_span("3 days"),
        compress_after=parse_span("1 day"),
        rollups=(ours,),
    )
    text = (
        f"CREATE TABLE {ident(table.table)} ({ident(column)} timestamp NOT NULL, {ident(HOSTILE[2])} text,"
        f" {ident(HOSTILE[3])} int)"
    )
    keep = hyper(timescale, tmp_path, declared, text=text, layout=layout)
    run(
        keep,
        f"INSERT INTO market.{ident(table.table)} SELECT '2026-11-01'::timestamp + n * interval '12 hours', 'x', n"
        " FROM generate_series(0, 7) AS n",
    )

    assert {one.what for one in keep.maintain("2026-11-05 12:00").done} == {"refresh", "drop", "compress"}
    assert keep.ask(f"SELECT count(*) FROM market.{ident(rollup.table)}") == [(4,)]
    assert keep.ask(f"SELECT count(*) FROM market.{ident(table.table)}") == [(6,)]
    assert (left(keep), keep.maintain("2026-11-05 12:00").done) == ([], ())


def test_no_row_is_lost_while_clients_write(timescale: TidyServers, tmp_path: Path) -> None:
    hourly = series(keep="3 hours", chunk=parse_span("1 hour"), compress_after=parse_span("2 hours"))
    keep = hyper(timescale, tmp_path, replace(hourly, rollups=(bar("1 minute"),)))
    with Load(keep) as load:
        unfinished = run_hours(keep, load)

    assert (load.errors, unfinished) == ([], [])
    assert len(load.stored) > 100
    last = keep.maintain(iso(BEGIN + timedelta(hours=HOURS)))
    assert (last.findings, last.unfinished) == ((), ())
    # what was dropped is still in the rollup, each row once
    assert keep.ask("SELECT sum(n) FROM market.bar") == [(len(load.stored),)]
    assert 0 < int(str(keep.ask("SELECT count(*) FROM market.tick")[0][0])) < len(load.stored)
    assert load.longest_s < 2 * LOCK_TIMEOUT_MS / 1000 + SLACK_S


def test_the_apache_edition_keeps_rollups_with_postgresql(timescale_apache: TidyServers, tmp_path: Path) -> None:
    plain = series(keep="3 days", table=TableName("market", "raw"), compress_after=parse_span("1 day"))
    keep = hyper(
        timescale_apache,
        tmp_path,
        series(keep="3 days", rollups=(bar(),)),
        plain,
        text=KEYED + "CREATE TABLE raw (time timestamptz NOT NULL, value int);",
    )

    assert left(keep) == []
    assert [note.partition(":")[0] for note in keep.work.plan().notes] == [
        'time series "market"."raw" is not compressed',
        """time series "market"."tick" stays with PostgreSQL's own partitions""",
    ]
    run(keep, "INSERT INTO market.raw VALUES ('2026-11-01', 1), ('2026-11-20', 2)")
    fill(keep, "2026-11-20")
    report = keep.maintain("2026-11-20 12:00")
    assert [one.code for one in report.findings] == ["timescale_edition"]
    assert {one.what for one in report.done} == {"create", "move", "refresh", "drop"}
    assert keep.ask("SELECT value FROM market.raw") == [(2,)]
    assert keep.ask("SELECT sum(n) FROM market.bar") == [(4,)]
    assert keep.ask("SELECT count(*) FROM timescaledb_information.hypertables") == [(1,)]
