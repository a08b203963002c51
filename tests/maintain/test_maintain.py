"""Partitions are made ahead and dropped by age, on real servers; what is held stays, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freehold.errors import Busy, ServerError
from freehold.ports import Address, Servers
from freehold.spans import Span
from freehold.spec.model import Layout, TableName
from freehold.spec.series import Aggregate, Hold, Rollup, Space
from freehold.sqltext import Sql, ident, keyword, literal, raw, sql
from support.clusters import TidyServers
from support.fixtures import Clusters
from support.maintaining import TABLE, How, Keeper, keeper, retention, series
from support.plans import HOSTILE

pytestmark = pytest.mark.real


def insert(moment: str, rows: int, table: str = "market.tick") -> Sql:
    """``rows`` rows of one moment in UTC."""
    return sql(
        "INSERT INTO {} (time, symbol, price) SELECT {}::timestamptz, 'S' || n % 7, n FROM generate_series(1, {}) AS n"
        " RETURNING 1",
        raw(table),
        literal(moment if "infinity" in moment else moment + "+00"),
        rows,
    )


def fill(keep: Keeper, *rows: tuple[str, int]) -> None:
    session = keep.app()
    for moment, count in rows:
        session.query(insert(moment, count))
    session.close()


def what(report) -> list[tuple[str, int | None]]:  # type: ignore[no-untyped-def]  # Report
    return [(one.what, one.rows) for one in report.done]


def names(keep: Keeper) -> list[str]:
    return [name.removeprefix("tick_") for name, _ in keep.partitions()]


@pytest.mark.parametrize("layout", [Layout.DATABASE_PER_SERVICE, Layout.CENTRAL])
def test_partitions_are_made_ahead_filled_and_dropped(servers: Servers, tmp_path: Path, layout: Layout) -> None:
    keep = keeper(servers, tmp_path, series(keep="3 days"), layout=layout)
    fill(keep, ("2026-11-20 10:00", 5))
    assert keep.ask("SELECT count(*) FROM ONLY market.tick_default") == [(5,)]

    report = keep.maintain("2026-11-20 12:00")

    assert (report.findings, report.unfinished) == ((), ())
    assert what(report) == [("move", 5), ("create", None), ("create", None)]
    assert keep.partitions() == [
        ("tick_default", "DEFAULT"),
        ("tick_p20261120", "FOR VALUES FROM ('2026-11-20 00:00:00+00') TO ('2026-11-21 00:00:00+00')"),
        ("tick_p20261121", "FOR VALUES FROM ('2026-11-21 00:00:00+00') TO ('2026-11-22 00:00:00+00')"),
        ("tick_p20261122", "FOR VALUES FROM ('2026-11-22 00:00:00+00') TO ('2026-11-23 00:00:00+00')"),
    ]
    assert keep.ask("SELECT count(*) FROM ONLY market.tick_default") == [(0,)]
    assert keep.ask("SELECT count(*), sum(twice) FROM market.tick_p20261120") == [(5, 30)]
    again = keep.maintain("2026-11-20 12:00")
    assert (again.done, again.journal_id) == ((), "")

    assert [one.partition for one in keep.maintain("2026-11-24").done if one.what == "drop"] == [
        '"market"."tick_p20261120"'
    ]
    assert names(keep) == ["default", "p20261121", "p20261122", "p20261124", "p20261125"]
    plan = keep.work.plan()
    assert [step.say() for step in (*plan.steps, *plan.undeclared)] == []
    # nothing is left of the login that did it
    assert keep.ask("SELECT rolname FROM pg_roles WHERE rolname LIKE '%deploy'") == []
    assert keep.ask("SELECT count(*) FROM freehold.leaving") == [(0,)]
    assert keep.ask("SELECT DISTINCT outcome FROM freehold.journal WHERE kind = 'maintain'") == [("done",)]


def test_rows_that_belong_nowhere_are_a_finding_and_stay(servers: Servers, tmp_path: Path) -> None:
    keep = keeper(servers, tmp_path, series())
    fill(keep, ("infinity", 2), ("9999-06-01", 1), ("2031-01-01 05:00", 3))

    report = keep.maintain("2026-11-20")

    assert ("move", 3) in what(report)
    (finding,) = report.findings
    assert (finding.code, "3 rows" in finding.title) == ("rows_without_partition", True)
    assert keep.ask(finding.remedy.replace("*", "count(*)")) == [(3,)]
    assert keep.ask("SELECT count(*) FROM market.tick") == [(6,)]
    fill(keep, ("9999-06-01", 1))
    assert "4 rows" in keep.maintain("2026-11-20").findings[0].title


def test_late_rows_that_are_too_old_are_deleted_and_held_ones_are_kept(servers: Servers, tmp_path: Path) -> None:
    held = retention("3 days", Hold(column="hold"), how=How.DROP)
    keep = keeper(servers, tmp_path, series(), held)
    fill(keep, ("2026-01-01", 4), ("2026-11-19", 2))
    keep.admin().execute(keyword("UPDATE market.tick SET hold = true WHERE price = 1 AND time < '2026-02-01'"))

    report = keep.maintain("2026-11-20")

    assert ("delete", 3) in what(report)
    assert [one.rows for one in report.held] == [1]
    assert keep.ask("SELECT time::date::text, count(*) FROM market.tick GROUP BY 1 ORDER BY 1") == [
        ("2026-01-01", 1),
        ("2026-11-19", 2),
    ]
    assert report.findings == ()


HOLDS = {
    "column": (Hold(column="hold"), ""),
    "condition": (Hold(where="symbol = 'S1' -- disputed"), ""),
    "table": (
        Hold(table=TableName("market", "hold"), match=(("symbol", "name"),)),
        "CREATE TABLE hold (name text); INSERT INTO hold VALUES ('S1');",
    ),
}


@pytest.mark.parametrize("kind", HOLDS)
def test_a_partition_with_a_held_row_is_never_dropped(
    server18: object, clusters: Clusters, tmp_path: Path, kind: str
) -> None:
    hold, more = HOLDS[kind]
    keep = keeper(clusters(18)[1], tmp_path, series(), retention("3 days", hold, how=How.DROP), text=TABLE + more)
    fill(keep, ("2026-11-01", 10), ("2026-11-02", 10))
    keep.admin().execute(keyword("UPDATE market.tick SET hold = (symbol = 'S1')"))
    keep.maintain("2026-11-02")
    # of the second day nothing is held
    keep.admin().execute(keyword("UPDATE market.tick SET symbol = 'X', hold = NULL WHERE time >= '2026-11-02'"))

    report = keep.maintain("2026-11-20")

    assert [(one.partition, one.rows) for one in report.held] == [('"market"."tick_p20261101"', 2)]
    assert [one.partition for one in report.done if one.what == "drop"] == [
        '"market"."tick_p20261102"',
        '"market"."tick_p20261103"',
    ]
    assert keep.ask("SELECT count(*) FROM market.tick") == [(10,)]
    keep.admin().execute(keyword("UPDATE market.tick SET symbol = 'X', hold = NULL"))
    assert '"market"."tick_p20261101"' in [one.partition for one in keep.maintain("2026-11-20").done]
    assert keep.ask("SELECT count(*) FROM market.tick") == [(0,)]


def test_a_hold_that_cannot_be_asked_keeps_everything(server18: object, clusters: Clusters, tmp_path: Path) -> None:
    hold = Hold(where="no_such_column")
    keep = keeper(clusters(18)[1], tmp_path, series(), retention("3 days", hold, how=How.DROP))
    fill(keep, ("2026-11-01", 10))
    keep.maintain("2026-11-02")

    report = keep.maintain("2026-11-20")

    assert {one.code for one in report.findings} == {"maintenance_refused"}
    assert "no_such_column" in report.findings[0].detail
    assert keep.ask("SELECT count(*) FROM market.tick") == [(10,)]
    assert keep.ask("SELECT count(*) FROM freehold.leaving") == [(0,)]


def test_a_hold_that_arrives_while_a_partition_is_detached_brings_it_back(
    server18: object, clusters: Clusters, tmp_path: Path
) -> None:
    keep = keeper(clusters(18)[1], tmp_path, series(), retention("3 days", Hold(column="hold"), how=How.DROP))
    fill(keep, ("2026-11-01", 10))
    keep.maintain("2026-11-02")
    # as a run that was killed between DETACH and DROP leaves it, and a hold came meanwhile
    admin = keep.admin()
    admin.execute(
        keyword(
            "INSERT INTO freehold.leaving SELECT 'market', 'tick_p20261101', 'market', 'tick',"
            " pg_get_expr(relpartbound, oid), 'market', gen_random_uuid() FROM pg_class"
            " WHERE oid = 'market.tick_p20261101'::regclass;"
            "ALTER TABLE market.tick DETACH PARTITION market.tick_p20261101;"
            "UPDATE market.tick_p20261101 SET hold = true WHERE price = 3"
        )
    )
    assert keep.ask("SELECT count(*) FROM market.tick") == [(0,)]

    report = keep.maintain("2026-11-20")

    assert [one.rows for one in report.held][:1] == [1]
    assert keep.ask("SELECT count(*) FROM market.tick") == [(10,)]
    assert keep.ask("SELECT count(*) FROM freehold.leaving") == [(0,)]


def test_without_a_default_partition_rows_are_refused_and_partitions_detached_concurrently(
    servers: Servers, tmp_path: Path
) -> None:
    keep = keeper(servers, tmp_path, series(keep="3 days", default_partition=False))
    with pytest.raises(ServerError, match="no partition of relation"):
        fill(keep, ("2026-11-01", 1))
    keep.maintain("2026-11-01")
    fill(keep, ("2026-11-01", 10))
    # a transaction that reads the table keeps DETACH CONCURRENTLY from ending, and is not held up by it
    reader = keep.app()
    reader.execute(keyword("BEGIN; SELECT count(*) FROM market.tick"))
    admin = keep.admin()
    admin.execute(keyword("SET lock_timeout = '300ms'"))
    with pytest.raises(ServerError, match="timeout"):
        admin.execute(keyword("ALTER TABLE market.tick DETACH PARTITION market.tick_p20261101 CONCURRENTLY"))
    assert keep.ask("SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == [(1,)]
    reader.execute(keyword("COMMIT"))

    report = keep.maintain("2026-11-20")

    assert {one.partition for one in report.done if one.what == "drop"} == {
        f'"market"."tick_p2026110{day}"' for day in (1, 2)
    }
    assert keep.ask("SELECT to_regclass('market.tick_p20261101')") == [(None,)]
    assert (report.findings, report.unfinished) == ((), ())
    assert keep.maintain("2026-11-20").done == ()


def test_space_spreads_each_piece_by_hash(servers: Servers, tmp_path: Path) -> None:
    text = TABLE.replace("PRIMARY KEY (id, time)", "PRIMARY KEY (id, time, symbol)")
    keep = keeper(servers, tmp_path, series(keep="3 days", space=Space("symbol", 4)), text=text)
    fill(keep, ("2026-11-01", 100))
    keep.maintain("2026-11-01")
    leaves = keep.ask(
        "SELECT relid::regclass::text FROM pg_partition_tree('market.tick_p20261101') WHERE isleaf ORDER BY 1"
    )
    assert leaves == [(f"market.tick_p20261101_h{number}",) for number in range(4)]
    assert keep.ask("SELECT count(*), count(DISTINCT tableoid) > 1 FROM market.tick") == [(100, True)]
    assert [step.say() for step in keep.work.plan().undeclared] == []
    assert keep.ask("SELECT count(*) FROM pg_constraint WHERE conname = 'freehold_bounds'") == [(0,)]
    fill(keep, ("2026-11-01", 3))
    assert keep.maintain("2026-11-20").findings == ()
    assert keep.ask("SELECT count(*) FROM pg_class WHERE relname LIKE 'tick_p20261101%'") == [(0,)]


AUDITED = TABLE + (
    "CREATE TABLE fill (tick bigint, at timestamptz,"
    " FOREIGN KEY (tick, at) REFERENCES tick (id, time) ON DELETE CASCADE);"
    "CREATE TABLE trail (what text);"
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN INSERT INTO market.trail VALUES (tg_op); RETURN old; END $$;"
    "CREATE TRIGGER note AFTER DELETE ON tick FOR EACH ROW EXECUTE FUNCTION noted();"
)


def test_moving_rows_fires_no_trigger_and_cascades_nowhere(servers: Servers, tmp_path: Path) -> None:
    keep = keeper(servers, tmp_path, series(), text=AUDITED)
    fill(keep, ("2026-11-01", 10))
    keep.admin().execute(keyword("INSERT INTO market.fill SELECT id, time FROM market.tick"))

    report = keep.maintain("2026-11-01")

    assert ("move", 10) in what(report)
    assert keep.ask("SELECT count(*) FROM market.fill") == [(10,)]
    assert keep.ask("SELECT count(*) FROM market.trail") == [(0,)]
    # and both act as before on the rows in their new place
    keep.admin().execute(keyword("DELETE FROM market.tick WHERE price = 1"))
    assert keep.ask("SELECT (SELECT count(*) FROM market.fill), (SELECT count(*) FROM market.trail)") == [(9, 1)]


def test_rows_whose_leaving_is_always_noticed_are_a_finding(
    server18: object, clusters: Clusters, tmp_path: Path
) -> None:
    always = AUDITED + "ALTER TABLE tick ENABLE ALWAYS TRIGGER note;"
    keep = keeper(clusters(18)[1], tmp_path, series(), text=always)
    fill(keep, ("2026-11-01", 10))
    report = keep.maintain("2026-11-01")
    assert [one.code for one in report.findings] == ["rows_not_movable"]
    assert keep.ask("SELECT (SELECT count(*) FROM market.tick), (SELECT count(*) FROM market.trail)") == [(10, 0)]


def test_row_level_security_holds_on_the_partitions(servers: Servers, tmp_path: Path) -> None:
    text = TABLE + (
        "ALTER TABLE tick ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON tick USING (symbol = 'S1');"
        "CREATE POLICY put ON tick FOR INSERT WITH CHECK (true);"
    )
    keep = keeper(servers, tmp_path, series(), text=text)
    keep.admin().query(insert("2026-11-01", 14))
    keep.maintain("2026-11-01")
    app = keep.app()
    assert app.query(keyword("SELECT count(*) FROM market.tick")) == [(2,)]
    assert app.query(keyword("SELECT count(*) FROM market.tick_p20261101")) == [(0,)]
    assert keep.ask("SELECT count(*) FROM market.tick_p20261101") == [(14,)]


@pytest.mark.parametrize("index", ["CREATE INDEX ON log (at);", ""])
def test_old_rows_are_deleted_in_batches_and_held_ones_kept(servers: Servers, tmp_path: Path, index: str) -> None:
    log = TableName("market", "log")
    text = f"CREATE TABLE log (at date, legal boolean, filler text); {index}"
    keep = keeper(servers, tmp_path, retention("10 days", Hold(column="legal"), log, by="at", batch=100), text=text)
    admin = keep.admin()
    admin.execute(
        keyword(
            "INSERT INTO market.log SELECT date '2026-11-20' - n % 20, n % 49 = 0, repeat('x', 2000)"
            " FROM generate_series(0, 3999) AS n"
        )
    )
    locked = keep.admin()
    locked.execute(keyword("BEGIN; SELECT FROM market.log WHERE at = '2026-11-01' AND NOT legal LIMIT 1 FOR UPDATE"))

    report = keep.maintain("2026-11-20")

    # 9 of 20 days are older, some of them held, and one row is worked on by somebody else
    old = keep.ask("SELECT count(*), count(*) FILTER (WHERE legal) FROM market.log WHERE at < '2026-11-10'")
    held = report.held[0].rows
    assert old == [(held + 1, held)]
    assert what(report) == [("delete", 1800 - held - 1)]
    heard = keep.work.heard
    counts = [count for said, count in zip(heard.said, heard.counts, strict=True) if said.startswith("deleted")]
    assert len(counts) > 10 or not index
    # its one table is not finished before the last of them
    assert set(counts) == {(0, 1)}
    assert keep.ask("SELECT count(*) FROM market.log WHERE at >= '2026-11-10'") == [(2200,)]
    locked.execute(keyword("COMMIT"))
    assert what(keep.maintain("2026-11-20")) == [("delete", 1)]
    assert what(keep.maintain("2026-11-20")) == []


def test_policies_that_bind_the_owner_do_not_keep_old_rows(servers: Servers, tmp_path: Path) -> None:
    log = TableName("market", "log")
    text = (
        "CREATE TABLE log (at date, tenant text, legal boolean); CREATE TABLE noted (tenant text, by text);"
        "ALTER TABLE log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON log USING (tenant = current_setting('app.tenant', true));"
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO market.noted VALUES (old.tenant, current_user); RETURN old; END $$;"
        "CREATE TRIGGER note BEFORE DELETE ON log FOR EACH ROW EXECUTE FUNCTION note();"
    )
    keep = keeper(servers, tmp_path, retention("10 days", Hold(column="legal"), log, by="at"), text=text)
    keep.admin().execute(
        keyword(
            "INSERT INTO market.log SELECT date '2026-11-20' - n % 20, 't' || n % 3, n % 7 = 0"
            " FROM generate_series(0, 599) AS n"
        )
    )
    old = keep.ask(
        "SELECT count(*) FILTER (WHERE NOT legal), count(*) FILTER (WHERE legal) FROM market.log"
        " WHERE at < '2026-11-10'"
    )[0]
    report = keep.maintain("2026-11-20")
    assert (report.findings, what(report), report.held[0].rows) == ((), [("delete", old[0])], old[1])
    assert keep.ask("SELECT count(*) FROM market.log WHERE at < '2026-11-10' AND NOT legal") == [(0,)]
    # the service's code ran as the lent login, never as the administrator, and nothing is left of it
    assert keep.ask("SELECT DISTINCT by, rolname FROM market.noted LEFT JOIN pg_roles ON rolname = by") == [
        ("shop_market_deploy", None)
    ]
    assert keep.ask("SELECT relforcerowsecurity FROM pg_class WHERE oid = 'market.log'::regclass") == [(True,)]


def test_a_changed_chunk_fills_the_gaps_and_overlaps_nothing(
    server18: object, clusters: Clusters, tmp_path: Path
) -> None:
    servers = clusters(18)[1]
    keep = keeper(servers, tmp_path, series(chunk=Span(seconds=6 * 3600), ahead="1 day"))
    keep.maintain("2026-11-20 07:00")
    before = names(keep)
    wider = keeper(servers, tmp_path, series(chunk=Span(months=1), ahead="1 month"))
    wider.maintain("2026-11-20 07:00")
    assert [name for name in names(wider) if name not in before] == ["p20261101", "p20261121_1200", "p20261201"]
    wider.admin().query(insert("2026-11-02", 1))
    wider.admin().query(insert("2026-12-30", 1))
    assert wider.ask("SELECT count(*) FROM ONLY market.tick_default") == [(0,)]


def test_hostile_names_are_ordinary(servers: Servers, tmp_path: Path) -> None:
    for number, name in enumerate(HOSTILE):
        table = TableName(name, name)
        text = sql("CREATE TABLE {} (time timestamptz NOT NULL, {} boolean)", ident(name), ident(name)).shown()
        folder = tmp_path / str(number)
        folder.mkdir()
        held = retention("1 day", Hold(column=name), table, how=How.DROP)
        keep = keeper(servers, folder, series(table=table), held, text=text, schema=name)
        admin = keep.admin(name)
        admin.execute(sql("INSERT INTO {} VALUES ('2026-11-01 00:00+00'), ('infinity')", ident(name, name)))
        assert ("move", 1) in what(keep.maintain("2026-11-01"))
        report = keep.maintain("2026-11-20")
        assert len([one for one in report.done if one.what == "drop"]) == 2
        assert [one.code for one in report.findings] == ["rows_without_partition"]
        # of the services of the loop's earlier turns only roles are left
        assert [step.say() for step in keep.work.plan().undeclared if step.database] == []


def test_two_runs_at_once_are_not_possible(server18: object, clusters: Clusters, tmp_path: Path) -> None:
    servers = clusters(18)[1]
    keep = keeper(servers, tmp_path, series())
    other = servers.admin("main")
    key = "SELECT pg_advisory_lock(hashtextextended('freehold-maintain:shop', 0))"
    other.execute(raw(key))
    with pytest.raises(Busy, match="another maintenance"):
        keep.maintain("2026-11-20", wait_ms=50.0)
    other.execute(keyword("SELECT pg_advisory_unlock_all()"))
    assert keep.maintain("2026-11-20").done


def test_what_nobody_gives_way_to_is_tried_again_and_then_told(
    server18: object, clusters: Clusters, tmp_path: Path
) -> None:
    keep = keeper(clusters(18)[1], tmp_path, series())
    writer = keep.app()
    writer.execute(keyword("BEGIN"))
    writer.query(insert("2026-11-20", 1))
    report = keep.maintain("2026-11-20", patience_ms=700.0)
    assert [one.what.split(": ")[1] for one in report.unfinished] == [
        "make the partition from 2026-11-20 to 2026-11-21",
        "make the partition from 2026-11-21 to 2026-11-22",
    ]
    assert what(report) == []
    writer.execute(keyword("COMMIT"))
    assert ("move", 1) in what(keep.maintain("2026-11-20"))


def test_a_dry_run_says_what_a_run_does_and_changes_nothing(servers: Servers, tmp_path: Path) -> None:
    keep = keeper(servers, tmp_path, series(keep="3 days"))
    fill(keep, ("2026-11-20 10:00", 5))
    before = keep.partitions()
    dry = keep.maintain("2026-11-20", dry_run=True)
    assert keep.partitions() == before
    assert [one.says for one in dry.done] == [one.says for one in keep.maintain("2026-11-20").done]
    assert keep.maintain("2026-11-20", dry_run=True).done == ()


def test_it_names_what_it_cannot_keep(servers: Servers, tmp_path: Path) -> None:
    gone = TableName("market", "gone")
    keep = keeper(servers, tmp_path, series(), retention("1 day", None, gone))
    keep.admin().execute(keyword("DROP TABLE market.tick; CREATE TABLE market.tick (time timestamptz NOT NULL)"))
    report = keep.maintain("2026-11-20")
    assert sorted(one.code for one in report.findings) == ["table_missing", "table_not_partitioned"]
    assert {one.remedy for one in report.findings} == {"freehold apply"}


def test_a_login_that_is_no_superuser_maintains_too(server: Address, servers: Servers, tmp_path: Path) -> None:
    """All but what no login of that kind may do: a move past foreign keys is a finding, and nothing is lost."""
    session = servers.admin("main")
    session.execute(keyword("CREATE ROLE boss LOGIN CREATEROLE CREATEDB PASSWORD 'boss'"))
    session.execute(keyword("CREATE DATABASE bosses OWNER boss"))
    session.close()
    address = replace(server, user="boss", password="boss", maintenance_database="bosses")
    plain = TidyServers({"main": address})
    bars = Rollup(TableName("market", "bar"), Span(seconds=3600), ("symbol",), (Aggregate("n", "count"),))
    keep = keeper(plain, tmp_path, series(keep="3 days", rollups=(bars,)), text=AUDITED)
    keep.maintain("2026-11-01")
    fill(keep, ("2026-11-01", 5), ("2026-11-20", 3))

    report = keep.maintain("2026-11-20")

    assert [(one.code, one.title[:7]) for one in report.findings] == [("rows_not_movable", "3 rows ")]
    assert ("refresh", 8) in what(report)
    assert len([one for one in report.done if one.what == "drop"]) == 2
    counts = raw("SELECT (SELECT count(*) FROM market.tick), (SELECT sum(n) FROM market.bar)")
    assert keep.app().query(counts) == [(3, 8)]
    plain.tidy()
