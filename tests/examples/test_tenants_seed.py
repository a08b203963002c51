"""The database service full of made-up rows: every table, no row of one company that names another's, no orphan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from support.examples import Case, Raised, cases, raised
from support.seeded import admins, counts, logins
from support.tenancy import SCHEMAS, pads, token

AFTER = Path(__file__).parents[2] / "examples" / "tenants" / "after-seed"
KEYS = {f"{schema}.tenant_key" for schema in SCHEMAS.values()}
"""Keys that sign for companies are nobody's to make up."""
OF_PEOPLE = """
SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
WHERE relnamespace = '{}'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND attname = 'user_id'
"""
STRAYS = """
SELECT count(*) FROM {} AS t
WHERE t.company_id NOT IN ('abc', 'xyz') OR split_part(t.user_id, '-', 1) <> t.company_id
"""
HELD = "SELECT user_id, account_id FROM tenant_company_{}.mt5_accounts WHERE status <> 'closed'"
NET = """
SELECT company_id, account_id, symbol, sum(CASE side WHEN 'buy' THEN volume ELSE -volume END)
FROM trading.executions GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
POSITIONS = "SELECT company_id, account_id, symbol, volume FROM trading.positions ORDER BY 1, 2, 3"


def rows(url: str, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as session:
        return session.execute(text.encode()).fetchall()


def after_seed(platform: Raised) -> Iterator[str]:
    """Run the scripts as each service's owner; twice, since a person may."""
    for path in sorted(AFTER.glob("*.sql")):
        with psycopg.connect(platform.url(path.stem, "owner"), autocommit=True) as owner:
            for _ in range(2):
                owner.execute(path.read_bytes())
        yield path.stem


@pytest.mark.parametrize("case", cases(("database-per-service", 18), ("schema-per-service", 15)))
def test_a_seeded_database_service_is_whole(case: Case) -> None:
    with raised("tenants", case, prove=False) as platform:
        run = platform.desk.run
        done = run("seed", "--rows", "3000", timeout_s=300)
        assert done.status == 0, done.all
        assert list(after_seed(platform)) == ["central-hub", "trading-engine"]
        urls = admins(platform)
        full = counts(platform, urls)
        assert {name for name, count in full.items() if not count} == KEYS

        for service, schema in SCHEMAS.items():
            tables = rows(urls[service], OF_PEOPLE.format(schema))
            assert bool(tables) is (service != "central-hub")
            for (table,) in tables:
                assert rows(urls[service], STRAYS.format(table)) == [(0,)], table
        # an execution is of an open account of the person it is of
        held = {row for c in ("abc", "xyz") for row in rows(urls[f"company-{c}"], HELD.format(c))}
        made = set(rows(urls["trading-engine"], "SELECT user_id, account_id FROM trading.executions"))
        assert made
        assert made <= held
        positions = rows(urls["trading-engine"], POSITIONS)
        assert positions
        assert positions == rows(urls["trading-engine"], NET)
        assert full["hub.configuration_trail"] == full["hub.tenant_configurations"] == 8

        seen(platform, urls)
        ages(platform, urls, full)


def seen(platform: Raised, urls: Mapping[str, str]) -> None:
    """A session sees of the made-up rows those of its company, and none without one."""
    ticks = dict(rows(urls["trading-engine"], "SELECT company_id, count(*) FROM trading.trading_ticks GROUP BY 1"))
    assert set(ticks) == {"abc", "xyz"}
    with psycopg.connect(urls["trading-engine"]) as session:
        session.execute("INSERT INTO trading.tenant_key VALUES (1, %s, %s)", pads())
    with psycopg.connect(logins(platform)["trading-engine"], autocommit=True) as session:
        assert session.execute("SELECT count(*) FROM trading.trading_ticks").fetchone() == (0,)
        for company, count in ticks.items():
            context = token(str(company), "*", session.info.user)
            session.execute("SELECT set_config('app.tenant_context', %s, false)", (context,))
            assert session.execute("SELECT count(*) FROM trading.trading_ticks").fetchone() == (count,)


def ages(platform: Raised, urls: Mapping[str, str], full: Mapping[str, int]) -> None:
    """What is kept for days goes, what is kept for years stays; and a company that goes is missed."""
    run = platform.desk.run
    assert run("check-references", timeout_s=300).status == 0
    assert run("maintain", timeout_s=300).status == 0
    assert "nothing is due" in run("maintain", timeout_s=300).out
    assert run("plan").status == 0
    left = counts(platform, urls)
    assert left["trading.trading_ticks"] == left["trading.market_data"] == 0
    for table in (
        "trading.executions",
        "trading.positions",
        "hub.configuration_trail",
        "tenant_company_abc.audit_trail",
    ):
        assert left[table] == full[table]
    with psycopg.connect(urls["central-hub"]) as session:
        session.execute("SET session_replication_role = replica")
        session.execute("DELETE FROM hub.companies WHERE company_id = 'xyz'")
    orphans = run("check-references", "--json", timeout_s=300)
    assert orphans.status == 2, orphans.all
    assert "executions" in orphans.out
