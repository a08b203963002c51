"""TREUM full of made-up rows: every table, no orphan, a ledger in balance, and figures that can be asked for."""

from __future__ import annotations

import psycopg
import pytest

from freehold.local.declaration import load
from support.examples import Case, cases, raised

# what only a function fills that somebody calls
EMPTY = {"market_history.indicator"}

TABLES = """
SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (%s)
"""


@pytest.mark.parametrize("case", cases(("database-per-service", 18), ("schema-per-service", 15)))
def test_a_seeded_treum_is_whole(case: Case) -> None:
    with raised("treum", case, prove=False) as platform:
        done = platform.desk.run("seed", "--rows", "10000", timeout_s=300)
        assert done.status == 0, done.all
        again = platform.desk.run("seed", "--rows", "10000", "--json", timeout_s=300)
        assert again.status == 0, again.all
        assert again.document()["rows"] == 0

        empty = set()
        for service in load(platform.desk.folder / "freehold.yaml").services:
            with psycopg.connect(platform.url(service.name)) as session:
                tables = session.execute(TABLES, (list(service.schemas),)).fetchall()
                assert tables
                for schema, table in tables:
                    count = session.execute(f'SELECT count(*) FROM "{schema}"."{table}"'.encode()).fetchone()
                    if count == (0,):
                        empty.add(f"{schema}.{table}")
        assert empty == EMPTY

        references = platform.desk.run("check-references", "--json", timeout_s=300)
        assert references.status == 0, references.all

        with psycopg.connect(platform.url("payments")) as payments:
            assert payments.execute("SELECT count(*) FROM payments.trial_balance").fetchone() == (0,)
            assert payments.execute(
                "SELECT sum(amount), count(*) > 50, min(amount) FILTER (WHERE floor = 0) >= 0 FROM payments.balance"
            ).fetchone() == (0, True, True)
        with psycopg.connect(platform.url("trading")) as trading:
            moved = trading.execute(
                "SELECT account_id, instrument_id, sum(e.quantity * CASE side WHEN 'buy' THEN 1 ELSE -1 END)"
                " FROM trading.execution AS e JOIN trading.orders USING (order_id) GROUP BY 1, 2 ORDER BY 1, 2"
            ).fetchall()
            held = trading.execute(
                "SELECT account_id, instrument_id, quantity FROM trading.position ORDER BY 1, 2"
            ).fetchall()
            assert moved == held
        with psycopg.connect(platform.url("signals"), autocommit=True) as signals:
            # reads the bars of market data: through a grant here, through a foreign table there
            found = signals.execute(
                "SELECT count(*), sum(signals.detect_regimes(symbol, '1 day')) > 2 * count(*)"
                " FROM (SELECT DISTINCT symbol FROM signals.regime) AS known"
            ).fetchone()
            assert found == (40, True)
            regimes = signals.execute("SELECT count(DISTINCT regime) FROM signals.regime").fetchone()
            assert regimes >= (3,)
        with psycopg.connect(platform.url("risk"), autocommit=True) as risk:
            measured = risk.execute("SELECT risk_metrics.measure('2026-03-27')").fetchone()
            accounts = risk.execute("SELECT count(DISTINCT account_id) * 5 FROM risk.holding").fetchone()
            assert measured == accounts
            taken = risk.execute("SELECT risk.take_positions('2026-03-30')").fetchone()
            assert taken == (sum(1 for _, _, quantity in held if quantity),)


def test_maintenance_settles_and_an_orphan_is_found() -> None:
    with raised("treum", Case("database-per-service", 18), prove=False) as platform:
        assert platform.desk.run("seed", "--rows", "500", timeout_s=300).status == 0
        with psycopg.connect(platform.url("market-data")) as market:
            (ticks,) = market.execute("SELECT count(*) FROM market_realtime.tick").fetchone() or (0,)
            assert ticks > 50
        first = platform.desk.run("maintain", "--json", timeout_s=300)
        assert first.status == 0, first.all
        with psycopg.connect(platform.url("market-data"), autocommit=True) as market:
            # what was kept of the ticks before they went
            kept = market.execute(
                "SELECT count(*) > 50, sum(ticks),"
                " bool_and(low <= least(open, close) AND high >= greatest(open, close)) FROM market_history.minute_bar"
            ).fetchone()
            assert kept == (True, ticks, True)
        second = platform.desk.run("maintain", timeout_s=300)
        assert "nothing is due" in second.out, second.all
        assert platform.desk.run("plan").status == 0
        with psycopg.connect(platform.url("market-data"), autocommit=True) as market:
            # all of the recipe's ticks are older than their retention
            assert market.execute("SELECT count(*) FROM market_realtime.tick").fetchone() == (0,)
            market.execute("INSERT INTO market_realtime.tick VALUES (now(), 'AAAA', 1, 1, 'XETR')")
            assert market.execute("SELECT count(*) FROM ONLY market_realtime.tick_default").fetchone() == (0,)

        # the account of somebody who has orders goes, past everything that would keep it
        with psycopg.connect(platform.url("users")) as users:
            users.execute(
                "DELETE FROM users.account WHERE account_id IN (SELECT account_id FROM users.account LIMIT 3)"
            )
        orphans = platform.desk.run("check-references", "--json", timeout_s=300)
        assert orphans.status == 2, orphans.all
        assert "wallet" in orphans.out
