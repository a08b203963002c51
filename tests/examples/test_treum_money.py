"""TREUM's money: a ledger that stays in balance, positions that follow from fills, risk that can be recomputed."""

from __future__ import annotations

import random
import statistics
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from conftest import Connection, Treum

POST = "SELECT payments.post(%s, %s, %s::uuid[], %s::numeric[])"


def one(connection: Connection, sql: str, *values: object) -> object:
    row = connection.execute(sql.encode(), values).fetchone()
    assert row is not None
    return row[0]


def wallet(treum: Treum, name: str, money: int = 0, currency: str = "EUR") -> str:
    """A customer's wallet with some money in it, which came from the bank."""
    account = treum.account(f"{name}-{uuid.uuid4()}@example.org")
    with treum.connect("payments") as payments:
        made = str(
            one(
                payments,
                "INSERT INTO payments.wallet (account_id, currency) VALUES (%s, %s) RETURNING wallet_id",
                account,
                currency,
            )
        )
        if money:
            payments.execute(POST, (str(uuid.uuid4()), "deposit", [bank(treum, currency), made], [-money, money]))
    return made


def bank(treum: Treum, currency: str = "EUR") -> str:
    with treum.connect("payments") as payments:
        payments.execute(
            "INSERT INTO payments.wallet (kind, currency) VALUES ('bank', %s) ON CONFLICT DO NOTHING", (currency,)
        )
        return str(
            one(payments, "SELECT wallet_id FROM payments.wallet WHERE kind = 'bank' AND currency = %s", currency)
        )


def balance(treum: Treum, of_wallet: str) -> Decimal:
    with treum.connect("payments") as payments:
        found = one(payments, "SELECT amount FROM payments.balance WHERE wallet_id = %s", of_wallet)
    assert isinstance(found, Decimal)
    return found


def write(payments: Connection, entries: list[tuple[str, str, int]], legs: int) -> None:
    """A transfer of these entries (wallet, currency, amount), written table by table in one transaction."""
    with payments.transaction():
        transfer = one(
            payments,
            "INSERT INTO payments.transfer (idempotency_key, kind, entries) VALUES (%s, 'payment', %s)"
            " RETURNING transfer_id",
            str(uuid.uuid4()),
            legs,
        )
        for entry in entries:
            payments.execute(
                "INSERT INTO payments.entry (transfer_id, wallet_id, currency, amount) VALUES (%s, %s, %s, %s)",
                (transfer, *entry),
            )
        # until the commit it may be anything
        assert one(payments, "SELECT count(*) FROM payments.entry WHERE transfer_id = %s", transfer) == len(entries)


@pytest.mark.parametrize(
    ("entries", "legs", "complaint"),
    [
        pytest.param([("a", -5), ("b", 4)], 2, "out of balance by EUR -1.0000", id="sum"),
        pytest.param([("a", -5), ("dollars", 5)], 2, "out of balance by EUR -5.0000, USD 5.0000", id="currencies"),
        pytest.param([("a", -5), ("b", 5)], 3, "says 3 entries and has 2", id="an entry is missing"),
        pytest.param([], 2, "says 2 entries and has 0", id="empty"),
    ],
)
def test_a_transfer_that_does_not_balance_is_refused(
    entries: list[tuple[str, int]], legs: int, complaint: str, treum: Treum
) -> None:
    wallets = {"a": wallet(treum, "a", 10), "b": wallet(treum, "b"), "dollars": wallet(treum, "c", currency="USD")}
    with treum.connect("payments") as payments, pytest.raises(psycopg.errors.CheckViolation) as refused:
        write(
            payments, [(wallets[name], "USD" if name == "dollars" else "EUR", amount) for name, amount in entries], legs
        )
    assert complaint in str(refused.value)
    assert balance(treum, wallets["a"]) == 10


def test_what_is_posted_stays_and_can_only_be_reversed(treum: Treum) -> None:
    giver, taker = wallet(treum, "giver", 100), wallet(treum, "taker")
    with treum.connect("payments") as payments:
        key = str(uuid.uuid4())
        transfer = one(payments, POST, key, "payment", [giver, taker], [-30, 30])
        for change in (
            "UPDATE payments.entry SET amount = amount * 2",
            "DELETE FROM payments.entry",
            "UPDATE payments.transfer SET kind = 'fee'",
            "DELETE FROM payments.transfer",
        ):
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
                payments.execute(change.encode())
        # a pair that would balance cannot be added to it either
        with pytest.raises(psycopg.errors.CheckViolation, match="says 2 entries and has 4"):
            payments.execute(
                "INSERT INTO payments.entry (transfer_id, wallet_id, currency, amount)"
                " VALUES (%s, %s, 'EUR', -1), (%s, %s, 'EUR', 1)",
                (transfer, giver, transfer, taker),
            )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            payments.execute("UPDATE payments.balance SET amount = 1000000")
        assert one(payments, POST, key, "payment", [giver, taker], [-30, 30]) == transfer
        assert balance(treum, taker) == 30
        with pytest.raises(psycopg.errors.UniqueViolation, match="another transfer"):
            payments.execute(POST, (key, "payment", [giver, taker], [-31, 31]))
        payments.execute("SELECT payments.reverse(%s)", (transfer,))
        assert (balance(treum, giver), balance(treum, taker)) == (100, 0)
        with pytest.raises(psycopg.errors.UniqueViolation):
            payments.execute("SELECT payments.reverse(%s)", (transfer,))


def test_a_customer_never_owes(treum: Treum) -> None:
    giver, taker = wallet(treum, "poor", 10), wallet(treum, "rich")
    with (
        treum.connect("payments") as payments,
        pytest.raises(psycopg.errors.CheckViolation, match="balance_above_floor"),
    ):
        payments.execute(POST, (str(uuid.uuid4()), "payment", [giver, taker], [-11, 11]))
    assert balance(treum, giver) == 10


def test_the_ledger_balances_under_eight_writers(treum: Treum) -> None:
    wallets = [wallet(treum, f"w{number}", 50) for number in range(6)]

    def work(seed: int) -> tuple[int, int]:
        chance, posted, refused = random.Random(seed), 0, 0
        with treum.connect("payments") as payments:
            for _ in range(25):
                giver, taker = chance.sample(wallets, 2)
                amount = chance.randint(1, 40)
                try:
                    payments.execute(
                        POST,
                        (str(uuid.UUID(int=chance.getrandbits(128))), "payment", [giver, taker], [-amount, amount]),
                    )
                    posted += 1
                except psycopg.errors.CheckViolation:
                    refused += 1
        return posted, refused

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, range(8)))
    assert sum(posted for posted, _ in done) > 50
    assert sum(refused for _, refused in done) > 0
    amounts = [balance(treum, each) for each in wallets]
    assert sum(amounts) == 300
    assert min(amounts) >= 0
    with treum.connect("payments") as payments:
        assert payments.execute("SELECT * FROM payments.trial_balance").fetchall() == []


def test_nobody_subscribes_twice_and_no_card_number_is_kept(treum: Treum) -> None:
    account = treum.account("subscriber@example.org")
    with treum.connect("payments") as payments:
        payments.execute("INSERT INTO billing.plan VALUES ('pro', 'Pro', 29.99, 'EUR', 'monthly')")
        subscribe = (
            "INSERT INTO billing.subscription (account_id, plan_id, period) VALUES (%s, 'pro', %s)"
            " RETURNING subscription_id"
        )
        subscription = one(payments, subscribe, account, "[2025-01-01,2025-07-01)")
        with pytest.raises(psycopg.errors.ExclusionViolation):
            payments.execute(subscribe.encode(), (account, "[2025-06-30,)"))
        payments.execute(subscribe.encode(), (account, "[2025-07-01,)"))
        invoice = one(
            payments,
            "INSERT INTO billing.invoice (subscription_id, currency, issued_on, due_on)"
            " VALUES (%s, 'EUR', '2025-01-01', '2025-01-15') RETURNING invoice_id",
            subscription,
        )
        payments.execute(
            "INSERT INTO billing.invoice_line (invoice_id, number, text, quantity, unit_price, tax_rate)"
            " VALUES (%s, 1, 'Pro', 1, 29.99, 0.19), (%s, 2, 'Data', 3, 0.335, 0.19)",
            (invoice, invoice),
        )
        total = payments.execute(
            "SELECT net, tax, gross FROM billing.invoice_total WHERE invoice_id = %s", (invoice,)
        ).fetchone()
        # 29.99 and 1.005 rounded up; 5.6981 and 0.19095 rounded line by line
        assert total == (Decimal("31.00"), Decimal("5.89"), Decimal("36.89"))
        method = (
            "INSERT INTO billing.payment_method (account_id, provider, token, brand, last_four, expires_on)"
            " VALUES (%s, 'acme', %s, 'visa', '1111', '2030-01-01')"
        )
        payments.execute(method.encode(), (account, "tok_1a2b"))
        for token in ("4111111111111111", "4111 1111 1111 1111", "card 4111-1111-1111-1111"):
            with pytest.raises(psycopg.errors.CheckViolation):
                payments.execute(method.encode(), (account, token))


def test_fraud_rules_hold_back_what_they_should(treum: Treum) -> None:
    giver, taker = wallet(treum, "launderer", 50_000), wallet(treum, "shop")
    screen = "SELECT score, rules, allowed FROM payments_compliance.screen_payment(%s, %s)"
    with treum.connect("payments") as payments:
        assert payments.execute(screen, (giver, 50)).fetchone() == (0, [], True)
        # large and the first payment: 1 - 0.6 * 0.7
        assert payments.execute(screen, (giver, 12_000)).fetchone() == (
            Decimal("0.580"),
            ["first-payment-is-large", "large-withdrawal"],
            False,
        )
        payments.execute(POST, (str(uuid.uuid4()), "payment", [giver, taker], [-9_500, 9_500]))
        assert payments.execute(screen, (giver, 9_400)).fetchone() == (
            Decimal("0.600"),
            ["just-below-the-limit"],
            False,
        )
        for _ in range(8):
            payments.execute(POST, (str(uuid.uuid4()), "payment", [giver, taker], [-1, 1]))
        assert payments.execute(screen, (giver, 1)).fetchone() == (Decimal("0.500"), ["many-in-an-hour"], False)
        payments.execute("UPDATE payments_compliance.fraud_rule SET active = false WHERE rule_id = 'many-in-an-hour'")
        try:
            assert payments.execute(screen, (giver, 1)).fetchone() == (0, [], True)
        finally:
            payments.execute("UPDATE payments_compliance.fraud_rule SET active = true")
        assert one(payments, "SELECT count(*) FROM payments_compliance.fraud_case WHERE wallet_id = %s", giver) == 3


def test_a_customer_moves_money_when_it_is_known(treum: Treum) -> None:
    known, restricted = treum.account("known@example.org"), treum.account("restricted@example.org", country="KP")
    check = (
        "INSERT INTO payments_compliance.identity_check (account_id, kind, outcome, provider, checked_at, expires_at)"
        " VALUES (%s, %s, %s, 'acme', now() + %s * interval '1 second', now() + interval '1 year')"
    )
    cleared = "SELECT payments_compliance.cleared(%s)"
    with treum.connect("payments") as payments:
        payments.execute(
            "INSERT INTO payments_compliance.restricted_country VALUES ('KP', 'sanctions') ON CONFLICT DO NOTHING"
        )
        for account in (known, restricted):
            payments.execute(check, (account, "kyc", "clear", 0))
            payments.execute(check, (account, "aml", "clear", 0))
            assert one(payments, cleared, account) is False
            payments.execute(check, (account, "sanctions", "clear", 0))
        assert one(payments, cleared, known) is True
        assert one(payments, cleared, restricted) is False
        # the newest check counts
        payments.execute(check, (known, "aml", "review", 1))
        assert one(payments, cleared, known) is False


def order(connection: Connection, account: str, instrument: int, side: str, quantity: int) -> str:
    return str(
        one(
            connection,
            "INSERT INTO trading.orders (account_id, client_ref, instrument_id, side, kind, quantity)"
            " VALUES (%s, %s, %s, %s, 'market', %s) RETURNING order_id",
            account,
            str(uuid.uuid4()),
            instrument,
            side,
            quantity,
        )
    )


def fill(connection: Connection, of_order: str, quantity: int, price: int, fee: int = 0) -> None:
    connection.execute(
        "INSERT INTO trading.execution (order_id, venue, venue_ref, quantity, price, fee)"
        " VALUES (%s, 'XETR', %s, %s, %s, %s)",
        (of_order, str(uuid.uuid4()), quantity, price, fee),
    )


def test_positions_follow_from_fills(treum: Treum) -> None:
    account, instrument = treum.account("trader@example.org"), treum.symbol("FILL")
    position = "SELECT quantity, average_price, realised_profit FROM trading.position WHERE account_id = %s"
    with treum.connect("trading") as trading:

        def trade(side: str, quantity: int, price: int) -> tuple[object, ...]:
            fill(trading, order(trading, account, instrument, side, quantity), quantity, price)
            return trading.execute(position, (account,)).fetchone() or ()

        assert trade("buy", 10, 100) == (10, 100, 0)
        assert trade("buy", 10, 110) == (20, 105, 0)
        assert trade("sell", 5, 120) == (15, 105, 75)
        # through zero: 15 closed at 90, five are short
        assert trade("sell", 20, 90) == (-5, 90, 75 - 225)
        assert trade("buy", 5, 80) == (0, 0, 75 - 225 + 50)
        trading.execute("SELECT trading_analytics.refresh()")
        performance = trading.execute(
            "SELECT executions, profit, turnover, largest_drawdown"
            " FROM trading_analytics.account_performance WHERE account_id = %s",
            (account,),
        ).fetchone()
        assert performance == (5, -100, 1000 + 1100 + 600 + 1800 + 400, 100)


def test_an_order_is_filled_once_and_its_life_is_on_record(treum: Treum) -> None:
    account, instrument = treum.account("filled@example.org"), treum.symbol("LIFE")
    with treum.connect("trading") as trading:
        made = order(trading, account, instrument, "buy", 10)
        fill(trading, made, 4, 100)
        with pytest.raises(psycopg.errors.CheckViolation):
            fill(trading, made, 7, 100)
        fill(trading, made, 6, 100)
        with pytest.raises(psycopg.errors.CheckViolation, match="is not open"):
            fill(trading, made, 1, 100)
        life = trading.execute(
            "SELECT status, filled FROM trading_compliance.order_event WHERE order_id = %s ORDER BY occurred_at",
            (made,),
        ).fetchall()
        assert life == [("new", 0), ("open", 4), ("filled", 10)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            trading.execute("DELETE FROM trading_compliance.order_event")


def test_who_may_buy_what_follows_from_the_published_profile(treum: Treum) -> None:
    share, coin = treum.symbol("SHARE"), treum.symbol("COIN", "crypto")
    careful, bold = treum.account("careful@example.org", appetite=2), treum.account("bold@example.org", appetite=5)
    with treum.connect("trading") as trading:
        suitable = "SELECT trading.suitable(%s, %s)"
        assert [one(trading, suitable, who, what) for who in (careful, bold) for what in (share, coin)] == [
            True,
            False,
            True,
            True,
        ]


def test_an_order_of_nobody_is_refused_by_a_real_key(treum: Treum) -> None:
    instrument = treum.symbol("NOBODY")
    with treum.connect("trading") as trading, pytest.raises(psycopg.errors.ForeignKeyViolation):
        order(trading, str(uuid.uuid4()), instrument, "buy", 1)


RETURNS = {
    "VARA": [0.01, -0.02, 0.005, 0.012, -0.031, 0.004, -0.011, 0.02, -0.007, 0.015, -0.024],
    "VARB": [-0.004, 0.01, 0.002, -0.013, 0.008, -0.006, 0.017, -0.012, 0.003, -0.021, 0.009],
}


@pytest.fixture
def account(treum: Treum) -> str:
    """An account long in A and short in B, with eleven days of returns."""
    account = str(uuid.uuid4())
    with treum.connect("risk") as risk:
        risk.execute("DELETE FROM risk.holding")
        risk.execute("DELETE FROM risk_metrics.daily_return")
        for symbol, quantity, price in (("VARA", 100, 50), ("VARB", -20, 120)):
            risk.execute(
                "INSERT INTO risk.holding (account_id, as_of, symbol, quantity, price)"
                " VALUES (%s, '2025-03-31', %s, %s, %s)",
                (account, symbol, quantity, price),
            )
        for symbol, rates in RETURNS.items():
            for number, rate in enumerate(rates):
                risk.execute(
                    "INSERT INTO risk_metrics.daily_return VALUES (%s, date '2025-03-31' - %s::int, %s)",
                    (symbol, number, rate),
                )
        # a day after, which must not count
        risk.execute(
            "INSERT INTO risk_metrics.daily_return VALUES ('VARA', '2025-04-01', -0.9), ('VARB', '2025-04-01', 0.9)"
        )
    return account


def profits(days: int = 11) -> list[float]:
    """What the portfolio would have made on each day, in the plainest way."""
    return [5_000 * a - 2_400 * b for a, b in zip(RETURNS["VARA"][:days], RETURNS["VARB"][:days], strict=True)]


@pytest.mark.parametrize(("confidence", "days"), [(0.95, 250), (0.9, 250), (0.8, 5)])
def test_historical_value_at_risk_is_what_a_hand_computes(
    confidence: float, days: int, treum: Treum, account: str
) -> None:
    made = sorted(profits(days))
    # the quantile between its two neighbours
    place = (1 - confidence) * (len(made) - 1)
    low = int(place)
    quantile = made[low] + (made[min(low + 1, len(made) - 1)] - made[low]) * (place - low)
    shortfall = statistics.fmean(profit for profit in made if profit <= quantile)
    with treum.connect("risk") as risk:
        row = risk.execute(
            "SELECT value_at_risk, expected_shortfall, observations"
            " FROM risk_metrics.historical_var(%s, '2025-03-31', %s, %s)",
            (account, confidence, days),
        ).fetchone()
    assert row is not None
    assert row[0] == pytest.approx(-quantile)
    assert row[1] == pytest.approx(-shortfall)
    assert row[2] == len(made)
    assert -quantile > 0


def test_components_add_up_to_the_parametric_value_at_risk(treum: Treum, account: str) -> None:
    whole = statistics.NormalDist().inv_cdf(0.99) * statistics.stdev(profits())
    with treum.connect("risk") as risk:
        rows = risk.execute(
            "SELECT symbol, component FROM risk_metrics.component_var(%s, '2025-03-31', 0.99)", (account,)
        ).fetchall()
    assert {symbol for symbol, _ in rows} == set(RETURNS)
    assert sum(float(str(component)) for _, component in rows) == pytest.approx(whole, rel=1e-7)


def test_the_normal_quantile_is_right_to_nine_digits(treum: Treum) -> None:
    chances = [1e-9, 0.001, 0.01, 0.02425, 0.05, 0.3, 0.5, 0.7, 0.95, 0.97575, 0.99, 0.999]
    with treum.connect("risk") as risk:
        for chance in chances:
            exact = statistics.NormalDist().inv_cdf(chance)
            assert one(risk, "SELECT risk_metrics.normal_quantile(%s)", chance) == pytest.approx(
                exact, rel=2e-9, abs=2e-9
            )
        assert one(risk, "SELECT risk_metrics.normal_quantile(0)") is None


def test_an_alert_opens_once_and_closes_with_some_room(treum: Treum) -> None:
    account = treum.account("limited@example.org")
    watch = "SELECT raised, resolved FROM risk_alerts.check_limits()"
    with treum.connect("risk") as risk:
        risk.execute("DELETE FROM risk.exposure_limit")
        risk.execute("INSERT INTO risk.exposure_limit VALUES (%s, 'var', 100)", (account,))

        def measured(value: float) -> tuple[object, ...]:
            risk.execute(
                "INSERT INTO risk_metrics.measurement (measured_at, account_id, measure, value)"
                " VALUES (clock_timestamp(), %s, 'var', %s)",
                (account, value),
            )
            return risk.execute(watch).fetchone() or ()

        assert measured(99) == (0, 0)
        assert measured(160) == (1, 0)
        assert measured(170) == (0, 0)
        assert measured(97) == (0, 0)
        assert measured(94) == (0, 1)
        assert measured(101) == (1, 0)
        seen = risk.execute(
            "SELECT severity, resolved_at IS NULL FROM risk_alerts.alert WHERE account_id = %s ORDER BY alert_id",
            (account,),
        ).fetchall()
        assert seen == [("critical", False), ("warning", True)]
    # published, so that notifications can tell the client
    with treum.connect("notifications") as notifications:
        assert one(notifications, "SELECT count(*) FROM risk_alerts.alert WHERE account_id = %s", account) == 2


def test_a_stress_test_hits_what_it_names_and_the_rest_by_the_rest(treum: Treum, account: str) -> None:
    with treum.connect("risk") as risk:
        scenario = one(risk, "INSERT INTO risk.scenario (name) VALUES (%s) RETURNING scenario_id", str(uuid.uuid4()))
        risk.execute("INSERT INTO risk.shock VALUES (%s, 'VARA', -0.3), (%s, '*', 0.1)", (scenario, scenario))
        assert one(risk, "SELECT risk.run_stress(%s, '2025-03-31')", scenario) == 1
        found = risk.execute(
            "SELECT profit, worst FROM risk.stress_result WHERE scenario_id = %s", (scenario,)
        ).fetchone()
    assert found == (Decimal(-1500) - Decimal(240), "VARA")


def test_risk_takes_positions_and_prices_from_their_services(treum: Treum) -> None:
    account, instrument = treum.account("exposed@example.org"), treum.symbol("EXPO")
    with treum.connect("trading") as trading:
        fill(trading, order(trading, account, instrument, "buy", 10), 10, 100)
    with treum.connect("market-data") as market:
        for day, close in (("2025-03-27", 100), ("2025-03-28", 110), ("2025-03-31", 99), ("2025-04-01", 500)):
            market.execute(
                "INSERT INTO market_history.bar VALUES ('EXPO', '1 day', %s::date::timestamp AT TIME ZONE 'UTC',"
                " %s, 1000, 1, %s, 1, 1)",
                (day, close, close),
            )
    with treum.connect("risk") as risk:
        risk.execute("SELECT risk.take_positions('2025-03-31')")
        holding = risk.execute(
            "SELECT quantity, market_value FROM risk.holding WHERE account_id = %s AND symbol = 'EXPO'", (account,)
        ).fetchone()
        assert holding == (10, 990)
        risk.execute("SELECT risk.take_returns('2025-03-28')")
        rates = risk.execute(
            "SELECT return_rate FROM risk_metrics.daily_return"
            " WHERE symbol = 'EXPO' AND day < '2025-04-01' ORDER BY day"
        ).fetchall()
        assert [rate for (rate,) in rates] == [pytest.approx(0.1), pytest.approx(-0.1)]
        risk.execute("SELECT risk_metrics.measure('2025-03-31')")
        gross = "SELECT value FROM risk_metrics.measurement WHERE account_id = %s AND measure = 'gross'"
        assert one(risk, gross, account) == pytest.approx(990)
        risk.execute("SELECT risk_metrics.refresh()")
        exposure = "SELECT accounts, long_value, short_value FROM risk_metrics.symbol_exposure WHERE symbol = 'EXPO'"
        assert risk.execute(exposure).fetchone() == (1, 990, 0)
