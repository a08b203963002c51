"""The trading system full of made-up rows: every table, no orphan, and orders, trades and positions that agree."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
import pytest

from support.examples import Case, Raised, cases, raised
from support.seeded import admins, counts, logins

# what `freehold maintain` fills
ROLLUPS = {"data_ingestion.daily_bars", "logging.hourly_performance"}
LISTED = {
    "data_ingestion": "market_data key_statistics institutional_holders data_quality_logs symbols delisted_symbols"
    " symbol_data_status company_info ingestion_status",
    "strategy_engine": "strategies strategy_signals strategy_performance",
    "execution": "orders trades positions execution_logs",
    "risk_management": "risk_limits risk_events position_limits",
    "analytics": "portfolio_summary performance_metrics reports",
    "notification": "notification_configs notification_logs",
    "logging": "system_logs performance_logs",
    "shared": "audit_log system_config",
}
"""The tables that the platform's document names, by schema."""
TRAILS = ("strategy_engine", "execution", "risk_management", "notification")
# an account's own rows, and rows of accounts that have none
OTHERS = "SELECT count(*) FROM notification.notification_logs WHERE account_id <> %s"


def value(urls: Mapping[str, str], service: str, text: str, *values: object) -> object:
    with psycopg.connect(urls[service], autocommit=True) as session:
        row = session.execute(text.encode(), values).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("case", cases(("database-per-service", 18), ("schema-per-service", 15)))
def test_a_seeded_trading_system_is_whole(case: Case) -> None:
    with raised("trading-system", case, prove=False) as platform:
        run = platform.desk.run
        done = run("seed", "--rows", "2000", timeout_s=300)
        assert done.status == 0, done.all
        full = counts(platform, admins(platform))
        assert {f"{schema}.{name}" for schema, names in LISTED.items() for name in names.split()} <= set(full)
        assert {name for name, count in full.items() if not count} == ROLLUPS
        urls = logins(platform)
        agree(urls)
        # rows that come later know those that are there as they are: a trigger compares trades with their orders
        more = run("seed", "--rows", "1300", "--append", timeout_s=300)
        assert more.status == 0, more.all
        assert counts(platform, admins(platform))["execution.trades"] > full["execution.trades"]
        agree(urls)
        serve(urls)
        age(platform, urls)


def agree(urls: Mapping[str, str]) -> None:
    """Every order is filled by what was traded of it, and every position is what its trades come to."""
    with psycopg.connect(urls["execution"]) as execution:
        wrong = execution.execute(
            "SELECT count(*) FROM execution.orders AS o LEFT JOIN (SELECT order_id, sum(quantity) AS traded"
            " FROM execution.trades GROUP BY 1) AS t USING (order_id)"
            " WHERE o.filled_quantity <> coalesce(t.traded, 0)"
            " OR o.status <> CASE WHEN traded IS NULL THEN 'open' WHEN traded = quantity THEN 'filled'"
            " ELSE 'partially_filled' END"
        ).fetchone()
        assert wrong == (0,)
        traded = execution.execute(
            "SELECT account_id, symbol, sum(CASE side WHEN 'buy' THEN quantity ELSE -quantity END)"
            " FROM execution.trades GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        held = execution.execute(
            "SELECT account_id, symbol, quantity FROM execution.positions ORDER BY 1, 2"
        ).fetchall()
        assert len(held) > 20
        assert traded == held
        kinds = execution.execute("SELECT count(DISTINCT status), count(DISTINCT kind) FROM execution.orders")
        assert kinds.fetchone() == (3, 3)


def serve(urls: Mapping[str, str]) -> None:
    """What the services do with what is there: through grants in one layout, through foreign tables in another."""
    accounts = value(urls, "execution", "SELECT count(DISTINCT account_id) FROM execution.positions")
    assert value(urls, "analytics", "SELECT analytics.summarise('2026-06-26 21:00')") == accounts
    moved = "SELECT count(*) > 0 FROM analytics.portfolio_summary WHERE as_of = '2026-06-26 21:00'"
    assert value(urls, "analytics", f"{moved} AND unrealised_profit <> 0") is True
    for source in TRAILS:
        collected = value(urls, "shared", "SELECT shared.collect(%s)", source)
        assert isinstance(collected, int)
        assert collected > 0
    # who is told of an event is whose order it was about
    events = "FROM risk_management.risk_events AS e LEFT JOIN execution.orders AS o USING (order_id)"
    told = value(urls, "risk-management", f"SELECT bool_and(e.account_id IS NOT DISTINCT FROM o.account_id) {events}")
    assert told is True
    with psycopg.connect(urls["notification"], autocommit=True) as notification:
        assert notification.execute("SELECT count(*) FROM notification.notification_logs").fetchone() == (0,)
        notification.execute("SELECT set_config('app.account_id', '*', false)")
        (account,) = notification.execute(
            "SELECT account_id::text FROM notification.notification_logs AS l"
            " JOIN risk_management.risk_events AS e USING (event_id, account_id) LIMIT 1"
        ).fetchone() or ("",)
        assert notification.execute(OTHERS, (account,)).fetchone() != (0,)
        notification.execute("SELECT set_config('app.account_id', %s, false)", (account,))
        assert notification.execute(OTHERS, (account,)).fetchone() == (0,)


def age(platform: Raised, urls: Mapping[str, str]) -> None:
    """Two years of bars are kept, two weeks of calls, and of both what they come to; a symbol that goes is missed."""
    run = platform.desk.run
    bars = value(urls, "data-ingestion", "SELECT count(*) FROM data_ingestion.market_data")
    calls = value(urls, "logging", "SELECT count(*) FROM logging.performance_logs")
    assert run("check-references", timeout_s=300).status == 0
    assert run("maintain", timeout_s=300).status == 0
    assert "nothing is due" in run("maintain", timeout_s=300).out
    assert run("plan").status == 0
    assert value(urls, "data-ingestion", "SELECT count(*) FROM data_ingestion.market_data") == bars
    assert value(urls, "data-ingestion", "SELECT sum(bars) FROM data_ingestion.daily_bars") == bars
    assert value(urls, "logging", "SELECT count(*) FROM logging.performance_logs") == 0
    assert value(urls, "logging", "SELECT sum(calls) FROM logging.hourly_performance") == calls
    with psycopg.connect(admins(platform)["data-ingestion"]) as data:
        data.execute("SET session_replication_role = replica")
        data.execute("DELETE FROM data_ingestion.symbols WHERE status = 'active'")
    orphans = run("check-references", "--json", timeout_s=300)
    assert orphans.status == 2, orphans.all
    assert "strategy_signals" in orphans.out
