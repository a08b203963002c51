"""How TREUM's tables and functions are made: what holds for all of them, whatever they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from freehold.local.declaration import load

if TYPE_CHECKING:
    from conftest import Treum

OURS = "n.nspname NOT IN ('freehold', 'extensions', 'public', 'information_schema') AND n.nspname !~ '^pg_'"

TABLES_WITHOUT_COMMENT = f"""
SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OURS} AND c.relkind IN ('r', 'p', 'm', 'v') AND NOT c.relispartition
  AND obj_description(c.oid, 'pg_class') IS NULL
"""
TABLES_WITHOUT_KEY = f"""
SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OURS} AND c.relkind = 'r' AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'x'))
  AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisunique AND i.indnullsnotdistinct)
"""
VIEWS_THAT_CANNOT_BE_REFRESHED_BESIDE_READERS = f"""
SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OURS} AND c.relkind = 'm'
  AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL)
"""
VIEWS_WITH_THE_RIGHTS_OF_THEIR_OWNER = f"""
SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OURS} AND c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
"""
# the rollup's columns have the types that PostgreSQL gives to its aggregates: a sum may outgrow the digits of a size
TIMES_WITHOUT_ZONE_AND_MONEY_WITHOUT_DIGITS = f"""
SELECT n.nspname || '.' || c.relname || '.' || a.attname
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OURS} AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
  AND c.oid <> 'market_history.minute_bar'::regclass
  AND (a.atttypid IN ('timestamp'::regtype, 'money'::regtype, 'json'::regtype, 'varchar'::regtype)
       OR a.atttypid = 'numeric'::regtype AND a.atttypmod = -1
       OR a.attname ~ '(price|amount|fee|cost|balance|capital)$' AND a.atttypid <> 'numeric'::regtype)
"""
ROUTINES_THAT_LOOK_NAMES_UP_ANYWHERE = f"""
SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE {OURS} AND p.prokind IN ('f', 'p') AND p.prosqlbody IS NULL
  AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)
"""
KEYS_WITHOUT_INDEX = f"""
SELECT k.conrelid::regclass::text || ' (' || k.conname || ')'
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OURS} AND k.contype = 'f' AND k.confdeltype = 'c'
  AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = k.conrelid
                  AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
"""


@pytest.fixture(scope="module")
def admin(treum: Treum) -> str:
    return treum.platform.desk.run("url", "--admin", "main").out.strip().replace("/postgres?", "/treum?")


def found(admin: str, sql: str) -> list[str]:
    with psycopg.connect(admin) as connection:
        return [str(name) for (name,) in connection.execute(sql.encode())]


@pytest.mark.parametrize(
    ("sql", "control"),
    [
        pytest.param(TABLES_WITHOUT_COMMENT, "CREATE TABLE users.x (a int PRIMARY KEY)", id="comments"),
        pytest.param(TABLES_WITHOUT_KEY, "CREATE TABLE users.x (a int)", id="keys"),
        pytest.param(TABLES_WITHOUT_KEY, "CREATE TABLE users.x (a int UNIQUE)", id="keys_with_null"),
        pytest.param(
            VIEWS_THAT_CANNOT_BE_REFRESHED_BESIDE_READERS, "CREATE MATERIALIZED VIEW users.x AS SELECT 1", id="refresh"
        ),
        pytest.param(VIEWS_WITH_THE_RIGHTS_OF_THEIR_OWNER, "CREATE VIEW users.x AS SELECT 1 AS a", id="views"),
        pytest.param(
            TIMES_WITHOUT_ZONE_AND_MONEY_WITHOUT_DIGITS, "CREATE TABLE users.x (fee double precision)", id="types"
        ),
        pytest.param(
            ROUTINES_THAT_LOOK_NAMES_UP_ANYWHERE,
            "CREATE FUNCTION users.x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            id="search_path",
        ),
        pytest.param(
            KEYS_WITHOUT_INDEX,
            "CREATE TABLE users.x (a int PRIMARY KEY, b uuid REFERENCES users.account ON DELETE CASCADE)",
            id="cascades",
        ),
    ],
)
def test_the_rules_hold_and_a_breach_of_each_is_seen(sql: str, control: str, admin: str) -> None:
    assert found(admin, sql) == []
    with psycopg.connect(admin) as connection:
        connection.execute(control.encode())
        assert len(connection.execute(sql.encode()).fetchall()) == 1
        connection.rollback()


def test_only_refreshes_run_with_the_rights_of_their_owner(admin: str) -> None:
    definers = f"""
        SELECT n.nspname || '.' || p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE {OURS} AND p.prosecdef ORDER BY 1
    """
    assert found(admin, definers) == [
        "education_progress.refresh",
        "risk_metrics.refresh",
        "signals.refresh",
        "trading_analytics.refresh",
    ]


def test_references_within_a_database_are_real_keys(treum: Treum, admin: str) -> None:
    declared = {
        (reference.table.schema, reference.table.table, reference.to_table.schema, reference.to_table.table)
        for service in load(treum.platform.desk.folder / "freehold.yaml").services
        for reference in service.references
    }
    assert len(declared) == 14
    keys = f"""
        SELECT n.nspname, c.relname, t.nspname, r.relname
        FROM pg_constraint AS k
        JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_class AS r ON r.oid = k.confrelid JOIN pg_namespace AS t ON t.oid = r.relnamespace
        WHERE {OURS} AND k.contype = 'f' AND k.convalidated
    """
    with psycopg.connect(admin) as connection:
        assert declared <= set(connection.execute(keys.encode()))


def test_each_service_has_the_durability_and_the_memory_it_declares(treum: Treum) -> None:
    shown = {}
    for service in ("trading", "payments", "market-data"):
        with treum.connect(service) as session:
            shown[service] = session.execute(
                "SELECT current_setting('synchronous_commit'), current_setting('work_mem'),"
                " current_setting('effective_cache_size'), current_setting('shared_buffers'),"
                " current_setting('fsync'), current_setting('full_page_writes')"
            ).fetchone()
    assert shown["trading"][0] == "off"
    assert shown["payments"][0] == "on"
    assert shown["payments"][4:] == ("on", "on")
    assert shown["market-data"][1:4] == ("16MB", "4GB", "1GB")
    assert shown["trading"][1:3] != shown["market-data"][1:3]
