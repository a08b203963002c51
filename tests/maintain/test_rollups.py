"""A rollup says at every refresh what the series says, late rows and corrections included; what went stays said."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from freehold.errors import ApplyFailed
from freehold.ports import Servers
from freehold.spans import Span, parse_span
from freehold.spec.model import TableName
from freehold.spec.series import Aggregate, Rollup
from freehold.sqltext import keyword, raw
from support.fixtures import Clusters
from support.maintaining import TABLE, Keeper, keeper, series

pytestmark = pytest.mark.real

BAR = TableName("market", "bar")
ALL = (
    Aggregate("open", "first", "price"),
    Aggregate("high", "max", "price"),
    Aggregate("low", "min", "price"),
    Aggregate("close", "last", "price"),
    Aggregate("volume", "sum", "price"),
    Aggregate("mean", "avg", "price"),
    Aggregate("n", "count"),
)


def bar(every: str = "1 hour", table: TableName = BAR, keep: str = "") -> Rollup:
    return Rollup(table, parse_span(every), ("symbol",), ALL, parse_span(keep) if keep else None)


def wanted(every: str, since: str = "-infinity") -> str:
    """The rollup computed from scratch, in SQL written by hand."""
    piece = (
        f"date_bin('{every}', time AT TIME ZONE 'UTC', timestamp '2000-01-03')"
        if "month" not in every
        else "date_trunc('month', time AT TIME ZONE 'UTC')"
    )
    return (
        f"SELECT {piece}::text, symbol, (array_agg(price ORDER BY time))[1], max(price), min(price),"
        " (array_agg(price ORDER BY time DESC))[1], sum(price), avg(price), count(*) FROM market.tick"
        f" WHERE time >= '{since}' AND isfinite(time) GROUP BY 1, 2 ORDER BY 1, 2"
    )


def said(table: str = "market.bar", since: str = "-infinity") -> str:
    return (
        "SELECT (bucket AT TIME ZONE 'UTC')::text, symbol, open, high, low, close, volume, mean, n"
        f" FROM {table} WHERE bucket >= '{since}' ORDER BY 1, 2"
    )


def same(keep: Keeper, every: str = "1 hour", table: str = "market.bar") -> int:
    found = keep.ask(said(table))
    assert found == keep.ask(wanted(every))
    return len(found)


def tick(keep: Keeper, *rows: tuple[str, str, int]) -> None:
    app = keep.app()
    for moment, symbol, price in rows:
        app.query(
            raw(
                f"INSERT INTO market.tick (time, symbol, price) VALUES ('{moment}+00', '{symbol}', {price}) RETURNING 1"
            )
        )
    app.close()


def test_late_rows_corrections_and_removals_are_seen(servers: Servers, tmp_path: Path) -> None:
    more = (bar(), bar("1 month", TableName("market", "month")))
    keep = keeper(servers, tmp_path, series(rollups=more))
    tick(keep, ("2026-11-20 09:10", "A", 3), ("2026-11-20 09:50", "A", 5), ("2026-11-20 10:10", "B", 7))
    assert keep.work.sentences() == []

    report = keep.maintain("2026-11-20 10:30")

    assert [one.rows for one in report.done if one.what == "refresh"] == [2, 2]
    assert (report.findings, same(keep), same(keep, "1 month", "market.month")) == ((), 2, 2)
    assert keep.maintain("2026-11-20 10:30").done == ()
    assert keep.maintain("2026-11-20 10:30", dry_run=True).done == ()

    # of the present hour, late in an hour that was done, very late, in the future, changed, moved, removed
    tick(keep, ("2026-11-20 10:31", "B", 9), ("2026-11-20 09:05", "A", 1), ("2025-01-01 00:00", "C", 2))
    tick(keep, ("2026-11-21 08:00", "A", 4), ("2026-11-20 08:00", "B", 4))
    app = keep.app()
    app.execute(keyword("UPDATE market.tick SET price = 100 WHERE price = 5"))
    app.execute(keyword("UPDATE market.tick SET time = time - interval '3 hours' WHERE price = 7"))
    app.execute(keyword("DELETE FROM market.tick WHERE price = 3"))
    assert keep.maintain("2026-11-20 10:40", dry_run=True).done != ()
    keep.maintain("2026-11-20 10:40")
    assert same(keep) == 6
    assert same(keep, "1 month", "market.month") == 3

    keep.admin().execute(keyword("TRUNCATE market.tick"))
    keep.maintain("2026-11-20 10:50")
    assert same(keep) == 0


def test_without_its_triggers_a_rollup_would_be_wrong_and_they_come_back(servers: Servers, tmp_path: Path) -> None:
    """The negative control, and its remedy: a run makes them again and computes everything anew."""
    keep = keeper(servers, tmp_path, series(rollups=(bar(),)))
    tick(keep, ("2026-11-20 09:10", "A", 3))
    for minute in (30, 31, 32):
        keep.maintain(f"2026-11-20 10:{minute}")
    admin = keep.admin()
    admin.execute(keyword("ALTER TABLE market.tick DISABLE TRIGGER USER"))
    tick(keep, ("2026-11-20 09:11", "A", 4))
    admin.execute(keyword("ALTER TABLE market.tick ENABLE TRIGGER USER"))
    keep.maintain("2026-11-20 10:40")
    assert keep.ask(said()) != keep.ask(wanted("1 hour"))
    admin.execute(keyword("DROP TRIGGER freehold_changes_insert ON market.tick"))
    keep.maintain("2026-11-20 10:50")
    assert same(keep) == 1


def test_a_transaction_that_commits_late_is_not_missed(servers: Servers, tmp_path: Path) -> None:
    """It compares its rows with a watermark that has moved on before it commits."""
    keep = keeper(servers, tmp_path, series(rollups=(bar(),)))
    tick(keep, ("2026-11-20 09:10", "A", 3))
    keep.maintain("2026-11-20 10:00")
    for isolation in ("READ COMMITTED", "REPEATABLE READ"):
        late = keep.app()
        late.execute(raw(f"BEGIN ISOLATION LEVEL {isolation}"))
        # newer than the watermark of 10:00, so nothing is noted
        late.execute(keyword("INSERT INTO market.tick (time, symbol, price) VALUES ('2026-11-20 10:05+00', 'A', 9)"))
        for minute in (10, 20, 30):
            keep.maintain(f"2026-11-20 10:{minute}", patience_ms=1.0)
        late.execute(keyword("COMMIT"))
        late.close()
        keep.maintain("2026-11-20 10:40")
        assert same(keep) == 2
        keep.admin().execute(keyword("DELETE FROM market.tick WHERE price = 9"))
        for minute in (50, 55):
            keep.maintain(f"2026-11-20 10:{minute}")
        assert same(keep) == 1
        keep.admin().execute(
            keyword("UPDATE freehold.series SET watermark = '2026-11-20 10:00', safe_from = '2026-11-20 10:00'")
        )


def test_what_a_rollup_says_of_rows_that_are_gone_stays(servers: Servers, tmp_path: Path) -> None:
    keep = keeper(
        servers, tmp_path, series(keep="3 days", rollups=(bar(), bar("1 month", TableName("market", "month"))))
    )
    tick(keep, ("2026-11-16 09:10", "A", 3), ("2026-11-19 09:10", "A", 5))
    keep.maintain("2026-11-19 12:00")
    before = keep.ask(said())
    assert len(before) == 2
    keep.maintain("2026-11-20 12:00")
    assert keep.ask("SELECT count(*) FROM market.tick") == [(1,)]
    # a late row of the piece that is gone, and everything noted anew
    tick(keep, ("2026-11-16 10:10", "A", 4))
    noted = "INSERT INTO freehold.series_changed (series, lower, upper) SELECT id, '-infinity', 'infinity'"
    keep.admin().execute(raw(noted + " FROM freehold.series"))
    keep.maintain("2026-11-20 12:10")
    assert keep.ask(said()) == before
    assert keep.ask("SELECT n FROM market.month") == [(2,)]


def test_a_rollup_has_a_retention_of_its_own(server18: object, clusters: Clusters, tmp_path: Path) -> None:
    keep = keeper(clusters(18)[1], tmp_path, series(keep="3 days", rollups=(bar(keep="10 days"),)))
    tick(keep, ("2026-11-01 09:10", "A", 3), ("2026-11-02 09:10", "A", 3))
    keep.maintain("2026-11-02 12:00")
    keep.maintain("2026-11-11 12:00")
    assert keep.ask("SELECT (bucket AT TIME ZONE 'UTC')::text FROM market.bar") == [("2026-11-02 09:00:00",)]
    keep.maintain("2026-11-20 12:00")
    assert keep.ask("SELECT count(*) FROM market.bar") == [(0,)]


@pytest.mark.parametrize("column", ["timestamptz", "timestamp", "date"])
def test_any_history_of_changes_ends_in_the_same_rollup(servers: Servers, tmp_path: Path, column: str) -> None:
    every = "1 day" if column == "date" else "15 minutes"
    text = TABLE.replace("time timestamptz", f"time {column}")
    keep = keeper(servers, tmp_path, series(rollups=(bar(every),), chunk=Span(seconds=86_400)), text=text)
    dice = random.Random(f"{column} 7")
    app = keep.app()
    app.execute(keyword("SET TimeZone = 'UTC'"))
    query = (
        wanted(every).replace("time AT TIME ZONE 'UTC'", "time::timestamp")
        if column != "timestamptz"
        else wanted(every)
    )
    said_here = said().replace("(bucket AT TIME ZONE 'UTC')", "bucket") if column != "timestamptz" else said()
    for minute in range(8):
        for _ in range(dice.randrange(1, 30)):
            # the last of an interval must be one row, or first and last may be either of two
            clock = f"{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.random() * 59:.6f}"
            moment = f"'2026-11-{dice.randrange(10, 21):02} {clock}'"
            change = dice.choice(["insert", "insert", "insert", "update", "move", "delete"])
            some = f"id = (SELECT id FROM market.tick ORDER BY md5(id::text || '{dice.random()}') LIMIT 1)"
            app.execute(
                raw(
                    {
                        "insert": f"INSERT INTO market.tick (time, symbol, price) SELECT {moment}::{column}, 'S' || n,"
                        f" {dice.randrange(9)} FROM generate_series(1, {dice.randrange(1, 3)}) AS n",
                        "update": f"UPDATE market.tick SET price = price + 1 WHERE {some}",
                        "move": f"UPDATE market.tick SET time = {moment}::{column} WHERE {some}",
                        "delete": f"DELETE FROM market.tick WHERE {some}",
                    }[change]
                )
            )
        keep.maintain(f"2026-11-20 12:{minute:02}")
        if column == "date":
            # first and last of a day are any of its rows
            numbers = "SELECT bucket::text, symbol, high, low, volume, mean, n FROM market.bar ORDER BY 1, 2"
            plain = "SELECT time::timestamp::text, symbol, max(price), min(price), sum(price), avg(price), count(*)"
            assert keep.ask(numbers) == keep.ask(f"{plain} FROM market.tick GROUP BY 1, 2 ORDER BY 1, 2")
        else:
            assert keep.ask(said_here) == keep.ask(query)


def test_a_rollup_is_a_table_of_the_service(servers: Servers, tmp_path: Path) -> None:
    keep = keeper(servers, tmp_path, series(rollups=(bar(),)))
    plan = keep.work.plan()
    assert [step.say() for step in (*plan.steps, *plan.undeclared)] == []
    assert keep.app().query(keyword("SELECT count(*) FROM market.bar")) == [(0,)]
    keep.admin().execute(keyword("ALTER TABLE market.bar ADD COLUMN own int"))
    assert ["create table" in sentence for sentence in keep.work.sentences()] == [True]
    with pytest.raises(ApplyFailed, match="has not the columns of the rollup"):
        keep.work.apply()
