"""What the trading system's database refuses and keeps, asked as each service's own login."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from functools import cache
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import TupleRow

from support.clusters import VERSIONS
from support.examples import Case, raised

Session = psycopg.Connection[TupleRow]
Open = Callable[..., Session]


@pytest.fixture(scope="module", params=VERSIONS, ids=[f"pg{version}" for version in VERSIONS])
def address(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """(service or "admin") -> a connection string of its app login, or of the administrator."""
    with raised("trading-system", Case("schema-per-service", request.param), prove=False) as found:

        @cache
        def of(service: str) -> str:
            if service == "admin":
                return found.desk.run("url", "--admin", "main").out.strip().replace("/postgres?", "/trading_system?")
            return found.url(service)

        yield of


@pytest.fixture
def as_service(address: Callable[[str], str]) -> Iterator[Open]:
    """(service, setting=value ..) -> a session of its app login; ``admin`` is the administrator of the database."""
    with ExitStack() as stack:

        def connect(service: str, **settings: str) -> Session:
            session = stack.enter_context(psycopg.connect(address(service), autocommit=True))
            for name, value in settings.items():
                session.execute("SELECT set_config(%s, %s, false)", (f"app.{name}", value))
            return session

        yield connect


def one(session: Session, text: str, *values: object) -> object:
    """The only value of the only row."""
    row = session.execute(text.encode(), values).fetchone()
    assert row is not None
    return row[0]


def order(session: Session, quantity: int = 10, side: str = "buy", account: object = None) -> object:
    """A new order; its id."""
    return one(
        session,
        "INSERT INTO execution.orders (account_id, client_order_id, symbol, side, kind, quantity)"
        " VALUES (%s, %s, 'ABC', %s, 'market', %s) RETURNING order_id",
        account or uuid4(),
        str(uuid4()),
        side,
        quantity,
    )


BOOK = "SELECT execution.book_trade(%s, %s, %s, %s, 'XNYS', %s)"


# versions


def test_an_update_names_the_version_that_comes_next(as_service: Open) -> None:
    session = as_service("execution")
    made = order(session)
    for version in (1, 3, None):
        with pytest.raises(psycopg.errors.SerializationFailure) as refused:
            session.execute("UPDATE execution.orders SET version = %s WHERE order_id = %s", (version, made))
        assert refused.value.diag.message_detail == "The row is at version 1; an update must set 2."
    with pytest.raises(psycopg.errors.SerializationFailure):
        session.execute("UPDATE execution.orders SET limit_price = 5 WHERE order_id = %s", (made,))
    session.execute("UPDATE execution.orders SET limit_price = 5, version = 2 WHERE order_id = %s", (made,))
    assert one(session, "SELECT limit_price FROM execution.orders WHERE order_id = %s", made) == 5


def _overwritten(as_service: Open) -> bool:
    """Two sessions read one strategy, both write what they made of it: whether the second erased the first."""
    first, second = as_service("strategy-engine"), as_service("strategy-engine")
    name = str(uuid4())
    key = one(
        first, "INSERT INTO strategy_engine.strategies (name, kind) VALUES (%s, 'pairs') RETURNING strategy_id", name
    )
    write = "UPDATE strategy_engine.strategies SET parameters = %s, version = %s + 1 WHERE strategy_id = %s"
    read = "SELECT version FROM strategy_engine.strategies WHERE strategy_id = %s"
    seen = [one(session, read, key) for session in (first, second)]
    first.autocommit = False
    first.execute(write, ('{"by": "first"}', seen[0], key))
    failed = threading.Event()

    def write_second() -> None:
        # waits for the row lock, then finds that the row moved on
        try:
            second.execute(write, ('{"by": "second"}', seen[1], key))
        except psycopg.errors.SerializationFailure:
            failed.set()

    thread = threading.Thread(target=write_second)
    thread.start()
    first.commit()
    thread.join(timeout=30)
    last = one(second, "SELECT parameters ->> 'by' FROM strategy_engine.strategies WHERE strategy_id = %s", key)
    assert failed.is_set() is (last == "first")
    return last == "second"


def test_of_two_writers_who_read_the_same_version_one_is_refused(as_service: Open) -> None:
    assert not _overwritten(as_service)


def test_without_the_trigger_the_first_writer_is_erased(as_service: Open) -> None:
    """The negative control of the test above."""
    admin = as_service("admin")
    admin.execute("ALTER TABLE strategy_engine.strategies DISABLE TRIGGER strategies_version")
    try:
        assert _overwritten(as_service)
    finally:
        admin.execute("ALTER TABLE strategy_engine.strategies ENABLE TRIGGER strategies_version")


def test_every_table_with_a_version_guards_it(as_service: Open) -> None:
    admin = as_service("admin")
    guarded = (
        "SELECT c.oid::regclass::text, EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE t.tgrelid = c.oid AND p.proname = 'next_version' AND t.tgenabled = 'O')"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version'"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_|^freehold$|^information_schema$' ORDER BY 1"
    )
    found = admin.execute(guarded.encode()).fetchall()
    assert [name for name, _ in found] == [
        "execution.orders",
        "execution.positions",
        "notification.notification_configs",
        "risk_management.position_limits",
        "risk_management.risk_limits",
        "shared.system_config",
        "strategy_engine.strategies",
    ]
    assert all(is_guarded for _, is_guarded in found)


# the audit log


def test_a_change_says_who_made_it_when_and_what_was_before(as_service: Open) -> None:
    session = as_service("risk-management", actor="ada")
    key = one(
        session,
        "INSERT INTO risk_management.risk_limits (scope, scope_id, measure, warn_at, threshold)"
        " VALUES ('account', %s, 'net', 10, 20) RETURNING limit_id",
        str(uuid4()),
    )
    session.execute("UPDATE risk_management.risk_limits SET threshold = 30, version = 2 WHERE limit_id = %s", (key,))
    session.execute("DELETE FROM risk_management.risk_limits WHERE limit_id = %s", (key,))
    rows = session.execute(
        "SELECT operation, actor, acting_for, old_row ->> 'threshold', new_row ->> 'threshold',"
        " changed_at BETWEEN now() - interval '1 minute' AND now() FROM risk_management.audit_trail"
        " WHERE coalesce(new_row, old_row) ->> 'limit_id' = %s::text ORDER BY trail_id",
        (key,),
    ).fetchall()
    login = one(session, "SELECT session_user::text")
    assert rows == [
        ("insert", login, "ada", None, "20.00000000", True),
        ("update", login, "ada", "20.00000000", "30.00000000", True),
        ("delete", login, "ada", "30.00000000", None, True),
    ]


@pytest.mark.parametrize(
    ("service", "schema", "table"),
    [
        ("execution", "execution", "audit_trail"),
        ("strategy-engine", "strategy_engine", "audit_trail"),
        ("risk-management", "risk_management", "audit_trail"),
        ("notification", "notification", "audit_trail"),
        ("shared", "shared", "audit_log"),
    ],
)
def test_the_audit_log_is_only_ever_added_to(as_service: Open, service: str, schema: str, table: str) -> None:
    session = as_service(service, actor="", account_id="*")
    admin = as_service("admin")
    columns = "source, trail_id, " if table == "audit_log" else ""
    values = f"'{schema}', -1, " if table == "audit_log" else ""
    forge = (
        f"INSERT INTO {schema}.{table} ({columns}changed_at, table_name, operation, actor, new_row)"
        f" VALUES ({values}now(), 't', 'insert', 'nobody', '{{}}')"
    ).encode()
    # something to change must be there: the administrator may add it
    admin.execute(forge.replace(b"-1", b"-2"))
    for statement in (
        forge,
        f"UPDATE {schema}.{table} SET actor = 'somebody else'".encode(),
        f"DELETE FROM {schema}.{table}".encode(),
    ):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            session.execute(statement)
        # not by way of a partition either
        for (part,) in admin.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", (f"{schema}.{table}",)
        ).fetchall():
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
                session.execute(statement.replace(f"{schema}.{table}".encode(), part.encode()))
    for beyond in (f"TRUNCATE {schema}.{table}", f"ALTER TABLE {schema}.{table} DISABLE TRIGGER USER"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(beyond.encode())


def test_without_its_trigger_the_trail_can_be_rewritten(as_service: Open) -> None:
    """The negative control of the test above."""
    session, admin = as_service("execution"), as_service("admin")
    order(session)
    admin.execute("ALTER TABLE execution.audit_trail DISABLE TRIGGER audit_trail_kept")
    try:
        session.autocommit = False
        assert session.execute("UPDATE execution.audit_trail SET actor = 'somebody else'").rowcount > 0
        session.rollback()
    finally:
        admin.execute("ALTER TABLE execution.audit_trail ENABLE TRIGGER audit_trail_kept")


def test_the_platforms_log_is_collected_from_the_trails_once(as_service: Open) -> None:
    execution, shared = as_service("execution"), as_service("shared")
    order(execution)
    trail = one(execution, "SELECT count(*) FROM execution.audit_trail WHERE trail_id > 0")
    assert isinstance(trail, int)
    # a transaction that is still open while others commit
    late = as_service("execution")
    late.autocommit = False
    order(late)
    order(execution)
    collected = "SELECT count(*) FROM shared.audit_log WHERE source = 'execution' AND trail_id > 0"
    one(shared, "SELECT shared.collect('execution')")
    assert one(shared, collected) == trail + 1
    late.commit()
    assert one(shared, "SELECT shared.collect('execution')") == 1
    assert one(shared, "SELECT shared.collect('execution')") == 0
    assert one(shared, collected) == trail + 2
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        shared.execute("SELECT shared.collect('pg_catalog')")


# orders, trades, positions


def test_trades_fill_their_order_and_move_the_position(as_service: Open) -> None:
    session = as_service("execution")
    account = uuid4()
    bought = order(session, 10, "buy", account)
    assert one(session, BOOK, bought, 4, 100, 1, str(uuid4())) is not None
    again = str(uuid4())
    assert one(session, BOOK, bought, 6, 110, 1, again) is not None
    assert one(session, BOOK, bought, 6, 110, 1, again) is None
    filled = session.execute(
        "SELECT status, filled_quantity FROM execution.orders WHERE order_id = %s", (bought,)
    ).fetchone()
    assert filled == ("filled", 10)
    position = "SELECT quantity, average_price, realised_profit FROM execution.positions WHERE account_id = %s"
    assert session.execute(position.encode(), (account,)).fetchone() == (10, 106, -2)
    # sells more than is held: what was long becomes short at the new price
    sold = order(session, 15, "sell", account)
    one(session, BOOK, sold, 15, 120, 3, str(uuid4()))
    assert session.execute(position.encode(), (account,)).fetchone() == (-5, 120, Decimal(10 * 14 - 2 - 3))
    # and buys it back
    one(session, BOOK, order(session, 5, "buy", account), 5, 130, 0, str(uuid4()))
    assert session.execute(position.encode(), (account,)).fetchone() == (0, 0, Decimal(135 - 50))


TRADE = (
    "INSERT INTO execution.trades (order_id, account_id, symbol, side, quantity, price, venue, venue_trade_id)"
    " SELECT order_id, account_id, symbol, {side}, 1, 100, 'XNYS', gen_random_uuid() FROM execution.orders"
    " WHERE order_id = %s"
)


def test_a_trade_that_is_inserted_moves_its_order_and_position(as_service: Open) -> None:
    sessions = [as_service("execution") for _ in range(4)]
    account = uuid4()
    made = order(sessions[0], 100, "buy", account)
    insert = TRADE.format(side="side").encode()
    # without a lock taken before: nobody waits for each other, and none is lost
    failed: list[psycopg.Error] = []

    def trade(session: Session) -> None:
        try:
            for _ in range(10):
                session.execute(insert, (made,))
        except psycopg.Error as error:
            failed.append(error)

    threads = [threading.Thread(target=trade, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failed == []
    filled = "SELECT status, filled_quantity FROM execution.orders WHERE order_id = %s"
    assert sessions[0].execute(filled.encode(), (made,)).fetchone() == ("partially_filled", 40)
    held = "SELECT quantity, average_price FROM execution.positions WHERE account_id = %s"
    assert sessions[0].execute(held.encode(), (account,)).fetchone() == (40, 100)
    # a trade that says something else than its order
    with pytest.raises(psycopg.errors.CheckViolation, match="not of its account, symbol and side"):
        sessions[0].execute(TRADE.format(side="'sell'").encode(), (made,))
    # what holds it: without the trigger nothing moves
    admin = as_service("admin")
    with admin.transaction(force_rollback=True):
        admin.execute("ALTER TABLE execution.trades DISABLE TRIGGER trades_booked")
        admin.execute(insert, (made,))
        assert admin.execute(filled.encode(), (made,)).fetchone() == ("partially_filled", 40)


def test_an_order_is_never_filled_beyond_what_it_wants_even_by_two_at_once(as_service: Open) -> None:
    sessions = [as_service("execution") for _ in range(4)]
    made = order(sessions[0], 10)
    outcomes: list[str] = []

    def book(session: Session) -> None:
        for _ in range(5):
            try:
                session.execute(BOOK.encode(), (made, 1, 100, 0, str(uuid4())))
                outcomes.append("booked")
            except psycopg.errors.CheckViolation:
                outcomes.append("refused")

    threads = [threading.Thread(target=book, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (outcomes.count("booked"), outcomes.count("refused")) == (10, 10)
    assert one(sessions[0], "SELECT sum(quantity) FROM execution.trades WHERE order_id = %s", made) == 10


def test_an_order_moves_only_forward(as_service: Open) -> None:
    session = as_service("execution")
    made = order(session)
    session.execute("UPDATE execution.orders SET status = 'cancelled', version = 2 WHERE order_id = %s", (made,))
    for status in ("new", "open", "filled"):
        with pytest.raises(psycopg.errors.CheckViolation):
            session.execute("UPDATE execution.orders SET status = %s, version = 3 WHERE order_id = %s", (status, made))
    with pytest.raises(psycopg.errors.CheckViolation):
        session.execute(BOOK.encode(), (made, 1, 100, 0, str(uuid4())))


def test_an_order_sent_twice_is_one_order(as_service: Open) -> None:
    session = as_service("execution")
    text = (
        "INSERT INTO execution.orders (account_id, client_order_id, symbol, side, kind, quantity)"
        " VALUES (%s, 'once', 'ABC', 'buy', 'market', 1)"
    )
    account = uuid4()
    session.execute(text.encode(), (account,))
    with pytest.raises(psycopg.errors.UniqueViolation):
        session.execute(text.encode(), (account,))
    session.execute(text.encode(), (uuid4(),))


@pytest.mark.parametrize(
    "values",
    [
        "'ABC', 'buy', 'limit', 1, NULL",
        "'ABC', 'buy', 'market', 0, NULL",
        "'ABC', 'hold', 'market', 1, NULL",
        "'ABC', 'buy', 'limit', 1, -1",
    ],
)
def test_an_order_that_makes_no_sense_is_refused(as_service: Open, values: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        as_service("execution").execute(
            "INSERT INTO execution.orders (account_id, client_order_id, symbol, side, kind, quantity, limit_price)"
            f" VALUES (gen_random_uuid(), '1', {values})".encode()
        )


# market data


def test_a_bar_that_comes_again_replaces_itself(as_service: Open) -> None:
    session = as_service("data-ingestion")
    take = "CALL data_ingestion.take_bar('QQQ', 'feed', '2026-03-02 10:00+00', 10, 12, 9, %s, 5)"
    session.execute(take.encode(), (11,))
    session.execute(take.encode(), (12,))
    assert session.execute("SELECT close FROM data_ingestion.market_data WHERE symbol = 'QQQ'").fetchall() == [(12,)]
    with pytest.raises(psycopg.errors.CheckViolation):
        session.execute(take.encode(), (13,))


def test_jumps_and_disagreements_between_sources_are_found_once(as_service: Open) -> None:
    session = as_service("data-ingestion")
    session.execute(
        "INSERT INTO data_ingestion.market_data (symbol, source, occurred_at, open, high, low, close, volume)"
        " SELECT 'JMP', source, '2026-03-03 10:00+00'::timestamptz + n * interval '1 minute', c, c, c, c, 1"
        " FROM (VALUES ('a', 0, 100), ('a', 1, 101), ('a', 2, 130), ('b', 0, 100), ('b', 1, 104), ('b', 2, 130))"
        " AS v (source, n, c)"
    )
    check = "SELECT data_ingestion.check_quality('2026-03-03', '2026-03-04')"
    assert one(session, check) == 2 + 0
    found = session.execute(
        "SELECT rule, severity, observed_at AT TIME ZONE 'UTC' FROM data_ingestion.data_quality_logs"
        " WHERE symbol = 'JMP' ORDER BY observed_at"
    ).fetchall()
    assert [(rule, severity, str(at)) for rule, severity, at in found] == [
        ("disagreement", "error", "2026-03-03 10:01:00"),
        ("jump", "warning", "2026-03-03 10:02:00"),
    ]
    assert one(session, check) == 0


def test_a_delisted_symbol_is_gone_in_both_places(as_service: Open) -> None:
    session = as_service("data-ingestion")
    session.execute(
        "INSERT INTO data_ingestion.symbols (symbol, name, exchange, asset_class, currency)"
        " VALUES ('GONE', 'Gone', 'XNYS', 'equity', 'USD'), ('NEXT', 'Next', 'XNYS', 'equity', 'USD')"
    )
    session.execute("SELECT data_ingestion.delist('GONE', '2026-01-02', 'merger', 'NEXT')")
    assert one(session, "SELECT status FROM data_ingestion.symbols WHERE symbol = 'GONE'") == "delisted"
    assert one(session, "SELECT successor FROM data_ingestion.delisted_symbols WHERE symbol = 'GONE'") == "NEXT"
    with pytest.raises(psycopg.errors.NoDataFound):
        session.execute("SELECT data_ingestion.delist('NONE', '2026-01-02', 'rule')")


# accounts, messages, configuration


def _reports_seen(as_service: Open, account: object) -> int:
    session = as_service("analytics", account_id=str(account))
    seen = one(session, "SELECT count(*) FROM analytics.reports")
    assert isinstance(seen, int)
    return seen


def test_a_session_sees_the_account_it_works_for(as_service: Open) -> None:
    mine, other = uuid4(), uuid4()
    writer = as_service("analytics", account_id="*")
    writer.execute(
        "INSERT INTO analytics.reports (account_id, kind, since, until, body)"
        " SELECT unnest(%s::uuid[]), 'daily', '2026-01-01', '2026-01-02', '{}'",
        ([mine, mine, other][1:],),
    )
    assert _reports_seen(as_service, mine) == 1
    silent = as_service("analytics")
    assert one(silent, "SELECT count(*) FROM analytics.reports") == 0
    session = as_service("analytics", account_id=str(mine))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(
            "INSERT INTO analytics.reports (account_id, kind, since, until, body)"
            " VALUES (%s, 'daily', '2026-02-01', '2026-02-02', '{}')",
            (other,),
        )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("UPDATE analytics.reports SET account_id = %s", (other,))
    assert session.execute("DELETE FROM analytics.reports WHERE account_id = %s", (other,)).rowcount == 0
    # the negative control: without the policy's table switch everybody's reports are seen
    admin = as_service("admin")
    admin.execute("ALTER TABLE analytics.reports DISABLE ROW LEVEL SECURITY")
    try:
        assert _reports_seen(as_service, mine) >= 2
    finally:
        admin.execute("ALTER TABLE analytics.reports ENABLE ROW LEVEL SECURITY")


def test_two_senders_never_take_the_same_message(as_service: Open) -> None:
    first, second = (as_service("notification", account_id="*") for _ in range(2))
    config = one(
        first,
        "INSERT INTO notification.notification_configs (account_id, event, channel, destination)"
        " VALUES (gen_random_uuid(), 'risk', 'email', 'a@example.com') RETURNING config_id",
    )
    first.execute(
        "INSERT INTO notification.notification_logs (config_id, account_id, body)"
        " SELECT config_id, account_id, n::text FROM notification.notification_configs, generate_series(1, 6) AS n"
        " WHERE config_id = %s",
        (config,),
    )
    for session in (first, second):
        session.autocommit = False
    taken = [session.execute("SELECT log_id FROM notification.take(4)").fetchall() for session in (first, second)]
    assert [len(rows) for rows in taken] == [4, 2]
    assert not set(taken[0]) & set(taken[1])
    # a sender that dies gives them back
    first.rollback()
    second.rollback()
    assert len(first.execute("SELECT log_id FROM notification.take(10)").fetchall()) == 6
    first.rollback()


def test_an_event_is_told_once_to_each_who_wants_it(as_service: Open) -> None:
    session = as_service("notification", account_id="*")
    config = one(
        session,
        "INSERT INTO notification.notification_configs (account_id, event, channel, destination)"
        " VALUES (gen_random_uuid(), 'risk', 'sms', '+15550100') RETURNING config_id",
    )
    text = (
        "INSERT INTO notification.notification_logs (config_id, account_id, event_id, body)"
        " VALUES (%s, gen_random_uuid(), 7, 'x')"
    )
    session.execute(text.encode(), (config,))
    with pytest.raises(psycopg.errors.UniqueViolation):
        session.execute(text.encode(), (config,))


def test_a_secret_is_not_kept_in_clear(as_service: Open) -> None:
    session = as_service("shared")
    with pytest.raises(psycopg.errors.CheckViolation):
        session.execute("INSERT INTO shared.system_config (key, value) VALUES ('broker.api_key', '\"abc\"')")
    session.execute(
        "INSERT INTO shared.system_config (key, sealed, sealed_by) VALUES ('broker.api_key', '\\x01', 'key-1')"
    )
    logged = session.execute(
        "SELECT new_row ? 'sealed', new_row ->> 'sealed_by' FROM shared.audit_log"
        " WHERE new_row ->> 'key' = 'broker.api_key'"
    ).fetchall()
    assert logged == [(False, "key-1")]


def test_the_value_of_every_account_is_computed_from_what_other_services_publish(as_service: Open) -> None:
    execution, data, analytics = as_service("execution"), as_service("data-ingestion"), as_service("analytics")
    account = uuid4()
    one(execution, BOOK, order(execution, 10, "buy", account), 10, 100, 0, str(uuid4()))
    data.execute("CALL data_ingestion.take_bar('ABC', 'feed', '2026-03-04 10:00+00', 110, 110, 110, 110, 5)")
    one(analytics, "SELECT analytics.summarise('2026-03-05')")
    row = analytics.execute(
        "SELECT market_value, unrealised_profit, total_profit, positions FROM analytics.portfolio_summary"
        " WHERE account_id = %s",
        (account,),
    ).fetchone()
    assert row == (1100, 100, 100, 1)
