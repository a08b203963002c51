"""Maintenance killed anywhere is finished by the next run: no row is lost, nothing is left behind.

A seeded sample by default; FREEHOLD_SOAK=1 (or `make soak`) kills before and after every effect, on every version.
"""

from __future__ import annotations

import os
import random
import signal
import warnings
from pathlib import Path

import pytest

from freehold.pg.servers import PgServers
from freehold.spans import parse_span
from freehold.spec.model import TableName
from freehold.spec.series import Aggregate, Hold, Rollup
from freehold.sqltext import keyword, raw
from freehold.testing.killing import Fuse, KillingServers
from support.clusters import VERSIONS, clean, unlocked_hba
from support.fixtures import Clusters
from support.maintaining import TABLE, How, Keeper, keeper, retention, series

pytestmark = pytest.mark.real

SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
SAMPLE = 8
SEED = 20261121
NOW = "2026-11-20 06:00"
LOG = TableName("market", "log")
BAR = Rollup(TableName("market", "bar"), parse_span("1 day"), ("symbol",), (Aggregate("n", "count"),))
TEXT = TABLE + "CREATE TABLE log (at timestamptz, held boolean);"

# a partition to drop, one that a held row keeps, rows to move, rows to delete late and in batches
SEEDED = """
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT c.oid::regclass AS name FROM pg_class AS c WHERE relnamespace = 'market'::regnamespace
      AND relname LIKE 'tick\\_p%' AND relkind = 'r' LOOP
    EXECUTE 'DROP TABLE ' || one.name;
  END LOOP;
END $$;
TRUNCATE market.tick, market.log;
DO $$ BEGIN IF to_regclass('freehold.series') IS NOT NULL THEN
  UPDATE freehold.series SET kept_from = '-infinity';
END IF; END $$;
CREATE TABLE market.tick_p20261101 PARTITION OF market.tick
  FOR VALUES FROM ('2026-11-01 00:00+00') TO ('2026-11-02 00:00+00');
CREATE TABLE market.tick_p20261102 PARTITION OF market.tick
  FOR VALUES FROM ('2026-11-02 00:00+00') TO ('2026-11-03 00:00+00');
ALTER TABLE market.tick_p20261101 OWNER TO shop_market_owner;
ALTER TABLE market.tick_p20261102 OWNER TO shop_market_owner;
INSERT INTO market.tick (time, symbol, hold) SELECT '2026-11-01 05:00+00', 'old', NULL FROM generate_series(1, 5);
INSERT INTO market.tick (time, symbol, hold)
  SELECT '2026-11-02 05:00+00', 'kept', n = 1 FROM generate_series(1, 5) AS n;
INSERT INTO market.log
  SELECT timestamptz '2026-11-20 00:00+00' - n * interval '1 day', n = 8 FROM generate_series(0, 9) AS n;
"""
WITH_DEFAULT = """
INSERT INTO market.tick (time, symbol) SELECT '2026-11-20 05:00+00', 'now' FROM generate_series(1, 5);
INSERT INTO market.tick (time, symbol) SELECT '2026-10-01 05:00+00', 'late' FROM generate_series(1, 5);
"""


def prepared(clusters: Clusters, version: int, folder: Path, *, default: bool) -> Keeper:
    address, servers = clusters(version)
    servers.write_hba("main", unlocked_hba())
    clean(address)
    tick = retention("3 days", Hold(column="hold"), how=How.DROP)
    log = retention("5 days", Hold(column="held"), LOG, by="at", batch=2)
    tick_series = series(ahead="1 day", default_partition=default, rollups=(BAR,))
    return keeper(servers, folder, tick_series, tick, log, text=TEXT)


def seed(keep: Keeper, default: bool) -> None:
    admin = keep.admin()
    for statement in (SEEDED, WITH_DEFAULT if default else ""):
        admin.execute(raw(statement or "SELECT"))
    admin.close()


def run_and_die(keep: Keeper, fuse: Fuse) -> bool:
    """Maintain in a child process that dies at the fuse; whether it did."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            servers = keep.work.servers
            assert isinstance(servers, PgServers)
            keep.maintain(NOW, servers=KillingServers(PgServers(servers.places, servers.hba_files), fuse))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def healed(keep: Keeper, default: bool, point: str) -> None:
    report = keep.maintain(NOW)
    assert (report.findings, report.unfinished) == ((), ()), point
    kept = [("kept", 5), *([("now", 5)] if default else [])]
    assert keep.ask("SELECT symbol, count(*) FROM market.tick GROUP BY 1 ORDER BY 1") == kept, point
    assert keep.ask("SELECT count(*), count(*) FILTER (WHERE held) FROM market.log") == [(6, 1)], point
    expected = ["tick_p20261102", "tick_p20261120", "tick_p20261121"]
    assert [name for name, _ in keep.partitions()] == [*(["tick_default"] if default else []), *expected], point
    late = [("late", 5)] if default else []
    now = [("now", 5)] if default else []
    # computed before anything went, and kept when it did
    said = keep.ask("SELECT symbol, n FROM market.bar ORDER BY 1")
    assert said == [("kept", 5), *late, *now, ("old", 5)], point
    tables = keep.ask(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'market'::regnamespace AND relkind = 'r' ORDER BY 1"
    )
    assert tables == [("bar",), ("log",), *([("tick_default",)] if default else []), *((name,) for name in expected)], (
        point
    )
    assert keep.ask("SELECT count(*) FROM freehold.leaving") == [(0,)], point
    assert keep.ask("SELECT rolname FROM pg_roles WHERE rolname LIKE '%deploy'") == [], point
    assert keep.maintain(NOW).done == (), point


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("default", [True, False])
def test_maintenance_killed_at_any_effect_is_finished_by_the_next(
    clusters: Clusters, tmp_path: Path, version: int, default: bool
) -> None:
    keep = prepared(clusters, version, tmp_path, default=default)
    servers = keep.work.servers
    # twice: the first run also makes the table of notes
    for whole in (Fuse(), Fuse()):
        seed(keep, default)
        keep.maintain(NOW, servers=KillingServers(servers, whole))
        healed(keep, default, "not killed")
    assert whole.count > 80
    points = [(number, after) for number in range(1, whole.count + 1) for after in (False, True)]
    if not SOAK:
        points = random.Random(f"{SEED}{version}{default}").sample(points, SAMPLE // 2)
    killed = 0
    for number, after in points:
        seed(keep, default)
        killed += run_and_die(keep, Fuse(number, after))
        healed(keep, default, f"killed {'after' if after else 'before'} effect {number} of {whole.count}")
    assert killed >= len(points) * 9 // 10
    servers.tidy()  # type: ignore[attr-defined]  # TidyServers


def test_what_a_killed_run_leaves_is_not_healed_by_itself(clusters: Clusters, tmp_path: Path) -> None:
    """The negative control: what is detached and not dropped stays, unless a note says that it was ours."""
    keep = prepared(clusters, 18, tmp_path, default=True)
    seed(keep, True)
    keep.maintain("2026-11-02")
    admin = keep.admin()
    admin.execute(keyword("ALTER TABLE market.tick DETACH PARTITION market.tick_p20261101"))
    keep.maintain(NOW)
    # a person detached it, so it stays
    assert keep.ask("SELECT count(*) FROM market.tick_p20261101") == [(5,)]
