"""What holds for every table of the database service, and what its tables promise besides keeping companies apart."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from support.tenancy import SCHEMAS, SECRET, Companies, Session

MIGRATIONS = Path(__file__).parents[2] / "examples" / "tenants" / "migrations"


def one(session: Session, text: str, *values: object) -> object:
    row = session.execute(text.encode(), values).fetchone()
    assert row is not None
    return row[0]


def listed(session: Session, text: str) -> list[str]:
    return [str(value) for (value,) in session.execute(text.encode(), (list(SCHEMAS.values()),)).fetchall()]


# every table


BARE = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relnamespace = ANY (%s::regnamespace[]) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
      SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polpermissive
          AND pg_get_expr(p.polqual, c.oid) ~ 'current_company'))
ORDER BY 1
"""
KEYS_WITHOUT = """
SELECT i.indexrelid::regclass::text FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indrelid
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'company_id'
WHERE i.indisunique AND c.relnamespace = ANY (%s::regnamespace[]) AND NOT a.attnum = ANY (i.indkey::int2[])
"""
REFERENCES_WITHOUT = """
SELECT k.conname FROM pg_constraint AS k
JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attname = 'company_id'
JOIN pg_attribute AS b ON b.attrelid = k.confrelid AND b.attname = 'company_id'
WHERE k.contype = 'f' AND k.connamespace = ANY (%s::regnamespace[])
  AND NOT (a.attnum = ANY (k.conkey) AND b.attnum = ANY (k.confkey))
"""
VIEWS_AS_OWNER = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relnamespace = ANY (%s::regnamespace[])
  AND (c.relkind = 'm' OR c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false))
"""
SEQUENCES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND relnamespace = ANY (%s::regnamespace[])"
AS_OWNER = """
SELECT oid::regproc::text FROM pg_proc WHERE prosecdef AND pronamespace = ANY (%s::regnamespace[]) ORDER BY 1
"""
OPEN_PARTITIONS = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relnamespace = ANY (%s::regnamespace[]) AND c.relispartition AND c.relkind IN ('r', 'p')
  AND (NOT c.relrowsecurity OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid))
"""
# tables in which nothing belongs to a company
COMMON = ["hub.service_registry", "ml.model_versions"]


def holes(session: Session) -> dict[str, list[str]]:
    """Whatever is laid out in a way that a company could see another through, by kind."""
    found = {
        "without a policy for companies": [name for name in listed(session, BARE) if "tenant_key" not in name],
        "keys that do not hold the company": listed(session, KEYS_WITHOUT),
        "references that do not hold the company": listed(session, REFERENCES_WITHOUT),
        "views with their owner's rights": listed(session, VIEWS_AS_OWNER),
        "sequences": listed(session, SEQUENCES),
        "partitions that answer by themselves": listed(session, OPEN_PARTITIONS),
    }
    return {kind: names for kind, names in found.items() if names}


def test_nothing_is_laid_out_so_that_companies_meet(two: Companies) -> None:
    with psycopg.connect(two.logins.admin_url("central-hub")) as admin:
        assert holes(admin) == {"without a policy for companies": COMMON}
        assert listed(admin, AS_OWNER) == [
            *sorted(["hub.record_configuration", *(f"{schema}.tenant_context" for schema in SCHEMAS.values())])
        ]


@pytest.mark.parametrize(
    ("opening", "kind"),
    [
        ("ALTER TABLE risk.limits NO FORCE ROW LEVEL SECURITY", "without a policy for companies"),
        ("CREATE TABLE risk.hole (company_id text)", "without a policy for companies"),
        ("DROP POLICY limits_company ON risk.limits", "without a policy for companies"),
        ("CREATE UNIQUE INDEX ON risk.limits (user_id)", "keys that do not hold the company"),
        (
            (
                "CREATE UNIQUE INDEX i ON trading.trading_signals (signal_id); ALTER TABLE trading.executions"
                " ADD FOREIGN KEY (signal_id) REFERENCES trading.trading_signals (signal_id)"
            ),
            "references that do not hold the company",
        ),
        ("CREATE VIEW risk.hole AS SELECT * FROM risk.limits", "views with their owner's rights"),
        ("CREATE MATERIALIZED VIEW risk.hole AS SELECT * FROM risk.limits", "views with their owner's rights"),
        ("ALTER TABLE risk.limits ADD COLUMN number bigserial", "sequences"),
        (
            "ALTER TABLE risk.calculations_default DISABLE ROW LEVEL SECURITY",
            "partitions that answer by themselves",
        ),
    ],
)
def test_a_hole_in_the_layout_is_seen(two: Companies, opening: str, kind: str) -> None:
    with psycopg.connect(two.logins.admin_url("central-hub")) as admin:
        before = holes(admin).get(kind, [])
        admin.execute(opening.encode())
        assert len(holes(admin).get(kind, [])) == len(before) + 1
        admin.rollback()


def test_a_session_sees_its_own_rows_in_every_table_and_no_others(two: Companies) -> None:
    seen = 0
    for service in SCHEMAS:
        for table in two.tables(service):
            counts = []
            for company, person in (("abc", "*"), ("abc", "ann"), ("xyz", "*"), ("", "")):
                with two.session(service, company, person) as session:
                    rows = session.execute(f"SELECT t::text FROM {table} AS t".encode()).fetchall()
                    # person * of company * sees all companies; nobody else does
                    assert company == "xyz" or SECRET not in str(rows)
                    assert company != "xyz" or "of-" not in str(rows)
                    counts.append(len(rows))
            of_people = not table.startswith("hub.")
            assert counts == ([2, 1, 1, 0] if of_people else [1, 1, 1, 0]), table
            seen += 1
    assert seen == 17


def test_the_same_context_stands_in_every_service() -> None:
    texts = {path.read_text() for path in MIGRATIONS.glob("*/0001_tenant_context.sql")}
    assert len(texts) == 1
    assert len(list(MIGRATIONS.glob("*/0001_tenant_context.sql"))) == len(SCHEMAS)


def test_the_platform_itself_sees_all_companies(two: Companies) -> None:
    with two.session("central-hub", "*") as session:
        assert one(session, "SELECT count(*) FROM hub.companies") == 2
        session.execute("INSERT INTO hub.companies (company_id, name) VALUES ('new', 'New')")
        session.execute("DELETE FROM hub.companies WHERE company_id = 'new'")
    with two.session("central-hub", "abc") as session:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("INSERT INTO hub.companies (company_id, name) VALUES ('new', 'New')")
        assert session.execute("DELETE FROM hub.companies").rowcount == 0
    # in the other services nobody is all companies
    with two.session("trading-engine", "*") as session:
        assert one(session, "SELECT count(*) FROM trading.positions") == 0


def test_what_is_not_held_off(two: Companies) -> None:
    """What README.md calls the limits: a change here is a change there."""
    with psycopg.connect(two.logins.admin_url("trading-engine"), autocommit=True) as admin:
        admin.execute("ANALYZE trading.positions")  # another test may have filled it anew
    with two.session("trading-engine", "abc", "ann") as session:
        plan = session.execute(
            "EXPLAIN (ANALYZE, TIMING off, COSTS off, SUMMARY off) SELECT symbol FROM trading.positions"
        ).fetchall()
        counted = "Rows Removed by Filter: 2" in str(plan)
        sized = one(session, "SELECT reltuples FROM pg_class WHERE oid = 'trading.positions'::regclass")
        assert (counted, sized) == (True, 3)
        # a connection that is handed on without being reset hands on what is left in it
        two.works_for(session, "trading-engine", "xyz")
        session.execute("BEGIN; DECLARE kept CURSOR WITH HOLD FOR SELECT * FROM trading.positions; COMMIT")
        two.works_for(session, "trading-engine", "abc")
        assert SECRET in str(session.execute("FETCH ALL FROM kept").fetchall())
        session.execute("DISCARD ALL")
        with pytest.raises(psycopg.errors.InvalidCursorName):
            session.execute("FETCH ALL FROM kept")
    # the read-only login may not call the function that the policies ask
    reader = psycopg.connect(two.logins.url("trading-engine", "ro"))
    with reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("SELECT * FROM trading.positions")


def test_a_copy_into_a_table_with_policies_is_refused(two: Companies) -> None:
    with (
        two.session("trading-engine", "abc", "ann") as session,
        pytest.raises(psycopg.errors.FeatureNotSupported),
        session.cursor().copy("COPY trading.trading_ticks FROM STDIN"),
    ):
        pass


# companies


def test_a_company_has_no_way_into_anothers_schema(two: Companies) -> None:
    with psycopg.connect(two.logins.url("company-abc"), autocommit=True) as session:
        session.execute("INSERT INTO users (user_id, email) VALUES ('ann', 'ann@example.com') ON CONFLICT DO NOTHING")
        for statement in (
            "SELECT * FROM tenant_company_xyz.users",
            "INSERT INTO tenant_company_xyz.users (user_id, email) VALUES ('ann', 'ann@example.com')",
            "SELECT tenant_company_xyz.take_subscription('e', 'ann', 'pro', '{}', now())",
            "SELECT * FROM trading.positions",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement.encode())


@pytest.fixture
def abc(two: Companies) -> Iterator[Session]:
    with psycopg.connect(two.logins.url("company-abc"), autocommit=True) as session:
        yield session


def user(session: Session, accounts: int = 1) -> str:
    name = f"u{uuid4().hex[:12]}"
    session.execute(
        "INSERT INTO users (user_id, email, subscription_limits) VALUES (%s, %s, %s)",
        (name, f"{name}@example.com", f'{{"max_mt5_accounts": {accounts}, "max_pairs": 3}}'),
    )
    return name


ACCOUNT = (
    "INSERT INTO mt5_accounts (account_id, user_id, account_number, broker, account_type)"
    " VALUES (%s, %s, %s, 'broker', 'demo')"
)


def test_two_at_once_do_not_get_more_accounts_than_the_subscription_allows(two: Companies, abc: Session) -> None:
    name = user(abc, 3)
    outcomes: list[str] = []

    def add(number: int) -> None:
        with psycopg.connect(two.logins.url("company-abc"), autocommit=True) as session:
            for further in range(3):
                key = uuid4().int % 2**62
                try:
                    session.execute(ACCOUNT.encode(), (key, name, f"{number}-{further}-{key}"))
                    outcomes.append("made")
                except psycopg.errors.CheckViolation:
                    outcomes.append("refused")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (outcomes.count("made"), outcomes.count("refused")) == (3, 6)
    abc.execute("UPDATE mt5_accounts SET status = 'closed' WHERE user_id = %s", (name,))
    abc.execute(ACCOUNT.encode(), (uuid4().int % 2**62, name, str(uuid4())))


def test_subscriptions_told_twice_and_out_of_order_end_as_they_should(abc: Session) -> None:
    name = user(abc)
    take = "SELECT take_subscription(%s, %s, %s, %s, %s)"
    limits = '{"max_mt5_accounts": 5, "max_pairs": 10}'
    prefix = str(uuid4())
    told = [
        ("2", "enterprise", "2026-02-01", True),
        ("2", "enterprise", "2026-02-01", False),
        ("1", "pro", "2026-01-01", False),
        ("3", "free", "2026-03-01", True),
    ]
    for event, tier, at, changed in told:
        assert one(abc, take, prefix + event, name, tier, limits, at) is changed
    assert one(abc, "SELECT subscription_tier FROM users WHERE user_id = %s", name) == "free"
    assert one(abc, "SELECT count(*) FROM subscription_events WHERE user_id = %s", name) == 3


def test_each_companys_changes_are_in_its_own_trail(two: Companies, abc: Session) -> None:
    name = user(abc)
    abc.execute("UPDATE users SET subscription_tier = 'pro' WHERE user_id = %s", (name,))
    rows = abc.execute(
        "SELECT operation, actor = session_user, old_row ->> 'subscription_tier', new_row ->> 'subscription_tier'"
        " FROM audit_trail WHERE coalesce(new_row, old_row) ->> 'user_id' = %s ORDER BY trail_id",
        (name,),
    ).fetchall()
    assert rows == [("insert", True, None, "free"), ("update", True, "free", "pro")]
    for statement in (
        "DELETE FROM audit_trail",
        "UPDATE audit_trail SET actor = 'x'",
        "INSERT INTO audit_trail (table_name, operation, new_row) VALUES ('users', 'insert', '{}')",
    ):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            abc.execute(statement.encode())
    with psycopg.connect(two.logins.url("company-xyz")) as session:
        assert one(session, "SELECT count(*) FROM audit_trail WHERE new_row ->> 'user_id' = %s", name) == 0


# shared tables


def test_executions_move_the_position_of_their_own_company(two: Companies) -> None:
    execute = "SELECT trading.execute('ann', 77, 'GBPUSD', %s, %s, %s)"
    position = "SELECT volume, average_price FROM trading.positions WHERE account_id = 77"
    with two.session("trading-engine", "abc", "ann") as session:
        for side, lots, price, expected in (
            ("buy", 2, 100, (2, 100)),
            ("buy", 2, 110, (4, 105)),
            ("sell", 1, 120, (3, 105)),
            ("sell", 5, 130, (-2, 130)),
            ("buy", 2, 125, (0, 0)),
        ):
            one(session, execute, side, lots, price)
            assert session.execute(position.encode()).fetchone() == expected
    with two.session("trading-engine", "xyz") as session:
        assert session.execute(position.encode()).fetchone() is None
    # without a company there is none to write for
    with two.session("trading-engine") as session, pytest.raises(psycopg.Error):
        one(session, execute, "buy", 1, 1)
    two.fill()


def test_prices_that_ten_digits_do_not_hold_are_kept(two: Companies) -> None:
    with two.session("trading-engine", "abc", "ann") as session:
        session.execute(
            "INSERT INTO trading.trading_ticks (time, company_id, user_id, symbol, bid, ask, volume)"
            " VALUES (now(), 'abc', 'ann', 'BTCUSD', 104000.12345, 104000.62345, 1)"
        )
        assert one(session, "SELECT spread FROM trading.trading_ticks WHERE symbol = 'BTCUSD'") == Decimal("0.5")
        with pytest.raises(psycopg.errors.NumericValueOutOfRange):
            session.execute("SELECT 104000.12345::numeric(10, 5)")
        with pytest.raises(psycopg.errors.CheckViolation):
            session.execute(
                "INSERT INTO trading.trading_ticks (time, company_id, user_id, symbol, bid, ask, volume)"
                " VALUES (now(), 'abc', 'ann', 'BTCUSD', 2, 1, 1)"
            )
    two.fill()


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def test_the_patterns_found_are_the_most_alike_of_the_company(two: Companies) -> None:

    chance = random.Random(1)
    vectors = {f"p{n}": [chance.uniform(-1, 1) for _ in range(3)] for n in range(50)}
    with two.session("ml-processing", "abc") as session:
        for name, vector in vectors.items():
            session.execute(
                "INSERT INTO ml.trading_patterns (company_id, user_id, name, model_version, embedding)"
                " VALUES ('abc', NULL, %s, 'm1', %s)",
                (name, vector),
            )
        sought = [0.3, -0.2, 0.9]
        found = session.execute(
            "SELECT name, similarity FROM ml.similar_patterns(%s::real[], 'm1', 10, 0.5)", (sought,)
        ).fetchall()
        known = {**vectors, "of-ann": [1, 0, 1], "of-bob": [1, 0, 2]}
        best = sorted(((cosine(sought, v), name) for name, v in known.items()), reverse=True)
        wanted = [(name, value) for value, name in best[:10] if value >= 0.5]
        assert [name for name, _ in found] == [name for name, _ in wanted]
        for (_, got), (_, expected) in zip(found, wanted, strict=True):
            assert got == pytest.approx(expected, abs=1e-6)
        for wrong in ([1.0, 2.0], [1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0], [1.0, None, 2.0]):
            with pytest.raises(psycopg.errors.CheckViolation):
                session.execute(
                    "INSERT INTO ml.trading_patterns (company_id, name, model_version, embedding)"
                    " VALUES ('abc', 'wrong', 'm1', %s::real[])",
                    (wrong,),
                )
    # its people see the company's patterns, and write their own only
    with two.session("ml-processing", "abc", "ann") as session:
        assert one(session, "SELECT count(*) FROM ml.trading_patterns WHERE user_id IS NULL") == 50
        assert session.execute("DELETE FROM ml.trading_patterns WHERE user_id IS NULL").rowcount == 0
    two.fill()


def test_a_breach_is_judged_by_the_persons_limit_and_else_by_the_companys(two: Companies) -> None:
    with two.session("risk-management", "abc") as session:
        session.execute("INSERT INTO risk.limits (company_id, measure, threshold) VALUES ('abc', 'gross', 100)")
        session.execute(
            "INSERT INTO risk.limits (company_id, user_id, measure, threshold) VALUES ('abc', 'ann', 'gross', 500)"
        )
        with pytest.raises(psycopg.errors.UniqueViolation):
            session.execute("INSERT INTO risk.limits (company_id, measure, threshold) VALUES ('abc', 'gross', 200)")
        session.execute(
            "INSERT INTO risk.calculations (company_id, user_id, measure, value, computed_at)"
            " VALUES ('abc', 'ann', 'gross', 300, now()), ('abc', 'bob', 'gross', 300, now()),"
            "        ('abc', 'bob', 'gross', 50, now() - interval '1 hour')"
        )
        breaches = session.execute("SELECT user_id, threshold FROM risk.breaches WHERE measure = 'gross'").fetchall()
        assert breaches == [("bob", 100)]
    two.fill()


def test_a_companys_configuration_has_versions_and_a_trail(two: Companies) -> None:
    with two.session("central-hub", "abc", "ann") as session:
        session.execute(
            "INSERT INTO hub.tenant_configurations (company_id, config_key, config_value) VALUES ('abc', 'pairs', '3')"
        )
        with pytest.raises(psycopg.errors.SerializationFailure):
            session.execute("UPDATE hub.tenant_configurations SET config_value = '4' WHERE config_key = 'pairs'")
        session.execute(
            "UPDATE hub.tenant_configurations SET config_value = '4', version = 2 WHERE config_key = 'pairs'"
        )
        trail = session.execute(
            "SELECT person, old_value, new_value FROM hub.configuration_trail WHERE config_key = 'pairs'"
            " ORDER BY changed_at"
        ).fetchall()
        assert trail == [("ann", None, 3), ("ann", 3, 4)]
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            session.execute("DELETE FROM hub.configuration_trail")
        with pytest.raises(psycopg.errors.ForeignKeyViolation), two.session("central-hub", "nobody") as other:
            other.execute(
                "INSERT INTO hub.tenant_configurations (company_id, config_key, config_value)"
                " VALUES ('nobody', 'k', '1')"
            )
    two.fill()
