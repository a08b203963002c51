"""What Alphintra promises about orders and people: tried by the services' own logins, with the rule and without it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from support.clusters import VERSIONS
from support.rules import Logins, Rule, failures, goes_through_without, guards, is_refused, logins

pytestmark = pytest.mark.xdist_group("alphintra-rules")

ANN = "00000000-0000-0000-0000-0000000000a1"
BOB = "00000000-0000-0000-0000-0000000000b1"
ONE = "00000000-0000-0000-0000-000000000001"
TWO = "00000000-0000-0000-0000-000000000002"
HASH = "'\\x" + "ab" * 32 + "'"
OTHER = "'\\x" + "cd" * 32 + "'"
SHORT = "'\\xab'"


def insert(table: str, **values: str) -> str:
    """An INSERT of SQL expressions."""
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def user(**more: str) -> str:
    return insert("users.users", **{"user_id": f"'{ANN}'", "email": "'ann@example.com'", **more})


def profile(**more: str) -> str:
    values = {"user_id": f"'{ANN}'", "display_name": "'Ann'", "contact": "'ann@example.com'", **more}
    return insert("users.profiles", **values)


def verification(**more: str) -> str:
    return insert(
        "users.verifications",
        **{
            "user_id": f"'{ANN}'",
            "kind": "'identity'",
            "outcome": "'passed'",
            "valid_during": "'[2026-01-01,2030-01-01)'",
            **more,
        },
    )


def api_key(**more: str) -> str:
    return insert(
        "auth.api_keys",
        **{
            "user_id": f"'{ANN}'",
            "label": "'bot'",
            "prefix": "'ak_abcdefgh'",
            "secret_hash": HASH,
            "scopes": "'{read}'",
            "expires_at": "now() + interval '90 days'",
            **more,
        },
    )


def session(**more: str) -> str:
    values = {"user_id": f"'{ANN}'", "token_hash": HASH, "expires_at": "now() + interval '1 hour'", **more}
    return insert("auth.sessions", **values)


def role(**more: str) -> str:
    values = {"user_id": f"'{ANN}'", "role": "'trader'", "granted_by": f"'{BOB}'", "reason": "'hired'", **more}
    return insert("auth.role_grants", **values)


def instrument(**more: str) -> str:
    values = {"symbol": "'ACME'", "asset_class": "'equity'", "currency": "'USD'", "tick_size": "0.01", **more}
    return insert("trading.instruments", **values)


def order(**more: str) -> str:
    return insert(
        "trading.orders",
        **{
            "order_id": f"'{ONE}'",
            "client_order_id": "'c1'",
            "user_id": f"'{ANN}'",
            "instrument_id": "(SELECT min(instrument_id) FROM trading.instruments)",
            "side": "'buy'",
            "kind": "'market'",
            "quantity": "10",
            **more,
        },
    )


def trade(quantity: str = "4", price: str = "100", ref: str = "v1", **more: str) -> str:
    return insert(
        "trading.trades",
        **{"order_id": f"'{ONE}'", "venue_ref": f"'{ref}'", "quantity": quantity, "price": price, **more},
    )


PLACED = (instrument(), order())


def rule(**more: str) -> str:
    return insert(
        "risk.risk_rules",
        **{"user_id": f"'{ANN}'", "kind": "'max_order_value'", "threshold": "1000", "set_by": f"'{BOB}'", **more},
    )


def assessment(**more: str) -> str:
    values = {"order_id": f"'{ONE}'", "user_id": f"'{ANN}'", "order_value": "1", "decision": "'passed'", **more}
    return insert("risk.risk_assessments", **values)


def exposure(**more: str) -> str:
    return insert(
        "risk.exposures",
        **{
            "user_id": f"'{ANN}'",
            "measured_at": "now()",
            "gross": "100",
            "net": "-50",
            "equity": "50",
            "value_at_risk": "5",
            **more,
        },
    )


def alert(**more: str) -> str:
    values = {"user_id": f"'{ANN}'", "rule_id": "(SELECT min(rule_id) FROM risk.risk_rules)", "measured": "1", **more}
    return insert("risk.alerts", **values)


def strategy(**more: str) -> str:
    return insert(
        "strategy.trading_strategies",
        **{"strategy_id": f"'{ONE}'", "user_id": f"'{ANN}'", "name": "'Momentum'", **more},
    )


def strategy_version(**more: str) -> str:
    values = {"strategy_id": f"'{ONE}'", "version": "1", "source_sha256": HASH, **more}
    return insert("strategy.strategy_versions", **values)


def backtest(**more: str) -> str:
    return insert(
        "strategy.backtests",
        **{
            "backtest_id": f"'{TWO}'",
            "strategy_id": f"'{ONE}'",
            "version": "1",
            "first_day": "'2026-01-01'",
            "last_day": "'2026-01-31'",
            "initial_capital": "1000",
            **more,
        },
    )


TESTABLE = (strategy(), strategy_version())


def component(**more: str) -> str:
    return insert("nocode.components", **{"code": "'rsi'", "category": "'indicator'", **more})


def workflow(**more: str) -> str:
    return insert("nocode.workflows", **{"workflow_id": f"'{ONE}'", "user_id": f"'{ANN}'", "name": "'Flow'", **more})


def workflow_version(**more: str) -> str:
    values = {
        "workflow_version_id": f"'{TWO}'",
        "workflow_id": f"'{ONE}'",
        "version": "1",
        "definition": '\'{"nodes": [{"component": "rsi"}, {"component": "buy"}], "edges": [[0, 1]]}\'',
    }
    return insert("nocode.workflow_versions", **{**values, **more})


def execution(**more: str) -> str:
    return insert(
        "nocode.workflow_executions", **{"execution_id": f"'{ONE}'", "workflow_version_id": f"'{TWO}'", **more}
    )


DRAWN = (workflow(), workflow_version())


def broker(**more: str) -> str:
    return insert("broker.brokers", **{"code": "'acme'", "protocol": "'fix'", **more})


def account(**more: str) -> str:
    return insert(
        "broker.broker_accounts",
        **{
            "broker_account_id": f"'{ONE}'",
            "broker_id": "(SELECT min(broker_id) FROM broker.brokers)",
            "user_id": f"'{ANN}'",
            "external_account": "'x1'",
            "vault_key": "'vault:alphintra/ann'",
            **more,
        },
    )


def routed(**more: str) -> str:
    values = {"broker_order_id": f"'{ONE}'", "order_id": f"'{TWO}'", "broker_account_id": f"'{ONE}'", **more}
    return insert("broker.broker_orders", **values)


CONNECTED = (broker(), account())


def template(**more: str) -> str:
    return insert(
        "notification.templates", **{"code": "'filled'", "version": "1", "subject": "'s'", "body": "'b'", **more}
    )


def message(**more: str) -> str:
    return insert(
        "notification.notifications",
        **{
            "notification_id": f"'{ONE}'",
            "user_id": f"'{ANN}'",
            "template_id": "(SELECT min(template_id) FROM notification.templates)",
            "channel": "'email'",
            "dedupe_key": "'filled:1'",
            **more,
        },
    )


def delivery(**more: str) -> str:
    return insert(
        "notification.deliveries",
        **{"notification_id": f"'{ONE}'", "outcome": "'delivered'", "provider_ref": "'p1'", **more},
    )


def preference(**more: str) -> str:
    values = {"user_id": f"'{ANN}'", "channel": "'email'", "topic": "'fills'", "enabled": "true", **more}
    return insert("notification.preferences", **values)


def checks(service: str, table: str, given: tuple[str, ...], **tried: str) -> list[Rule]:
    """CHECK constraints of one table, by their names without the table's."""
    prefix = table.partition(".")[2]
    return [
        Rule(f"{prefix}_{name}", service, statement, "23514", (f"{table}.{prefix}_{name}",), given)
        for name, statement in tried.items()
    ]


def forged(schema: str, service: str) -> Rule:
    return Rule(
        f"no login forges a row in the trail of {service}",
        service,
        insert(f"{schema}.audit_log", action="'insert'", entity="'x'", entity_id="'1'", new_row="'{}'"),
        "42501",
        (f"{schema}.audit_log.audit_log_protected",),
    )


def untold(schema: str, service: str, given: tuple[str, ...]) -> Rule:
    return Rule(
        f"no login removes a row from the trail of {service}",
        service,
        f"DELETE FROM {schema}.audit_log",
        "42501",
        (f"{schema}.audit_log.audit_log_protected",),
        given,
    )


TRAILS = {
    "users": ("user", (user(),)),
    "auth": ("auth", (api_key(),)),
    "trading": ("trading", PLACED),
    "risk": ("risk", (rule(),)),
    "strategy": ("strategy", (strategy(),)),
    "nocode": ("nocode", (workflow(),)),
    "broker": ("broker", CONNECTED),
    "notification": ("notification", (template(),)),
}

RULES = [
    *(forged(schema, service) for schema, (service, _) in TRAILS.items()),
    *(untold(schema, service, given) for schema, (service, given) in TRAILS.items()),
    # people
    Rule(
        "an address is one person whatever its case",
        "user",
        user(user_id=f"'{BOB}'", email="'ANN@example.com'"),
        "23505",
        ("users.users.users_email_key",),
        (user(),),
    ),
    *checks(
        "user",
        "users.users",
        (),
        email_valid=user(email="'ann'"),
        status_known=user(status="'x'"),
        closed_has_a_day=user(status="'closed'"),
    ),
    *checks(
        "user",
        "users.profiles",
        (user(),),
        name_sane=profile(display_name="''"),
        locale_form=profile(locale="'EN'"),
        contact_sane=profile(contact="repeat('x', 255)"),
        currency_form=profile(base_currency="'usd'"),
    ),
    Rule(
        "a person is verified once at a time",
        "user",
        verification(valid_during="'[2029-12-31,)'"),
        "23P01",
        ("users.verifications.verifications_passed_once",),
        (user(), verification()),
    ),
    *checks(
        "user",
        "users.verifications",
        (user(),),
        kind_known=verification(kind="'x'"),
        outcome_known=verification(outcome="'x'"),
        period_sane=verification(valid_during="'(,2030-01-01)'"),
    ),
    # who is let in
    Rule(
        "a prefix finds one key",
        "auth",
        api_key(secret_hash=OTHER),
        "23505",
        ("auth.api_keys.api_keys_prefix_key",),
        (api_key(),),
    ),
    *checks(
        "auth",
        "auth.api_keys",
        (),
        label_sane=api_key(label="''"),
        prefix_form=api_key(prefix="'secret'"),
        hash_length=api_key(secret_hash=SHORT),
        scopes_known=api_key(scopes="'{root}'"),
        live_at_most_a_year=api_key(expires_at="now() + interval '2 years'"),
    ),
    Rule(
        "a token opens one session",
        "auth",
        session(),
        "23505",
        ("auth.sessions.sessions_token_key",),
        (session(),),
    ),
    *checks(
        "auth",
        "auth.sessions",
        (),
        hash_length=session(token_hash=SHORT),
        end_after_they_begin=session(expires_at="now()"),
    ),
    *checks(
        "auth",
        "auth.login_attempts",
        (),
        email_sane=insert("auth.login_attempts", email="repeat('x', 255)", source="'127.0.0.1'", succeeded="false"),
    ),
    Rule(
        "a role is given once at a time",
        "auth",
        role(reason="'again'"),
        "23P01",
        ("auth.role_grants.role_grants_once",),
        (role(),),
    ),
    *checks(
        "auth",
        "auth.role_grants",
        (),
        role_known=role(role="'king'"),
        period_sane=role(valid_during="'empty'"),
        by_another=role(granted_by=f"'{ANN}'"),
    ),
    # trading
    Rule(
        "a symbol is one instrument",
        "trading",
        instrument(),
        "23505",
        ("trading.instruments.instruments_symbol_key",),
        (instrument(),),
    ),
    *checks(
        "trading",
        "trading.instruments",
        (),
        symbol_form=instrument(symbol="'acme inc'"),
        class_known=instrument(asset_class="'art'"),
        currency_form=instrument(currency="'usd'"),
        tick_positive=instrument(tick_size="0"),
        lot_positive=instrument(lot_size="0"),
    ),
    Rule(
        "an order that is sent twice is one order",
        "trading",
        order(order_id=f"'{TWO}'"),
        "23505",
        ("trading.orders.orders_client_key",),
        PLACED,
    ),
    *checks(
        "trading",
        "trading.orders",
        (instrument(),),
        client_id_sane=order(client_order_id="''"),
        side_known=order(side="'hold'"),
        kind_known=order(kind="'iceberg'"),
        limit_positive=order(kind="'limit'", limit_price="0"),
        stop_positive=order(kind="'stop'", stop_price="0"),
        status_known=order(status="'lost'"),
        priced_as_their_kind=order(kind="'limit'"),
        never_overfilled=order(filled_quantity="11"),
        filled_means_all=order(status="'filled'"),
    ),
    Rule(
        "a trade does not overfill its order",
        "trading",
        trade("6.00000001", ref="v2"),
        "23514",
        ("trading.orders.orders_never_overfilled",),
        (*PLACED, trade()),
    ),
    Rule(
        "a cancelled order is not traded",
        "trading",
        trade(),
        "23514",
        ("trading.trades.trades_booked",),
        (*PLACED, "UPDATE trading.orders SET status = 'cancelled'"),
    ),
    Rule(
        "a cancelled order stays cancelled",
        "trading",
        "UPDATE trading.orders SET status = 'open'",
        "23000",
        ("trading.orders.orders_guarded",),
        (*PLACED, "UPDATE trading.orders SET status = 'cancelled'"),
    ),
    Rule(
        "no login fills an order by hand",
        "trading",
        "UPDATE trading.orders SET filled_quantity = 5",
        "42501",
        ("trading.orders.orders_guarded",),
        PLACED,
    ),
    Rule(
        "an order keeps its side",
        "trading",
        "UPDATE trading.orders SET side = 'sell'",
        "23000",
        ("trading.orders.orders_guarded",),
        PLACED,
    ),
    Rule(
        "an execution is booked once",
        "trading",
        trade("1"),
        "23505",
        ("trading.trades.trades_venue_key",),
        (*PLACED, trade()),
    ),
    Rule(
        "a trade is never changed",
        "trading",
        "UPDATE trading.trades SET price = 1",
        "23000",
        ("trading.trades.trades_final",),
        (*PLACED, trade()),
    ),
    Rule(
        "a trade is never removed",
        "trading",
        "DELETE FROM trading.trades",
        "23000",
        ("trading.trades.trades_final",),
        (*PLACED, trade()),
    ),
    *checks(
        "trading",
        "trading.trades",
        PLACED,
        price_positive=trade(price="0"),
        fee_not_negative=trade(fee="-1"),
    ),
    Rule(
        "a trade of nothing is none",
        "trading",
        trade("0"),
        "23514",
        ("trading.trades.trades_quantity_positive",),
        PLACED,
    ),
    Rule(
        "no login writes a position",
        "trading",
        "UPDATE trading.positions SET quantity = 1000000",
        "42501",
        ("trading.positions.positions_protected",),
        (*PLACED, trade()),
    ),
    # risk
    Rule(
        "an order is judged by one limit of a kind",
        "risk",
        rule(threshold="5000"),
        "23P01",
        ("risk.risk_rules.risk_rules_one_at_a_time",),
        (rule(),),
    ),
    *checks(
        "risk",
        "risk.risk_rules",
        (),
        kind_known=rule(kind="'x'"),
        threshold_positive=rule(threshold="0"),
        action_known=rule(action="'shout'"),
        period_sane=rule(valid_during="'empty'"),
    ),
    *checks(
        "risk",
        "risk.risk_assessments",
        (),
        value_not_negative=assessment(order_value="-1"),
        names_its_rule=assessment(decision="'blocked'"),
    ),
    *checks(
        "risk",
        "risk.risk_assessments",
        (rule(),),
        decision_known=assessment(decision="'maybe'", rule_id="(SELECT min(rule_id) FROM risk.risk_rules)"),
    ),
    *checks(
        "risk",
        "risk.exposures",
        (),
        equity_positive=exposure(equity="-1"),
        var_not_negative=exposure(value_at_risk="-1"),
        net_within_gross=exposure(net="-101"),
    ),
    Rule(
        "a rule that is broken again raises no second alert",
        "risk",
        alert(measured="2"),
        "23505",
        ("risk.alerts.alerts_open_key",),
        (rule(), alert()),
    ),
    *checks(
        "risk",
        "risk.alerts",
        (rule(),),
        acknowledged_by_somebody=alert(acknowledged_at="now()"),
        acknowledged_later=alert(acknowledged_at="now() - interval '1 day'", acknowledged_by=f"'{BOB}'"),
    ),
    # strategies
    Rule(
        "a name is one strategy of a person",
        "strategy",
        strategy(strategy_id=f"'{TWO}'", name="'MOMENTUM'"),
        "23505",
        ("strategy.trading_strategies.trading_strategies_name_key",),
        (strategy(),),
    ),
    *checks(
        "strategy",
        "strategy.trading_strategies",
        (),
        name_sane=strategy(name="''"),
        status_known=strategy(status="'x'"),
    ),
    *checks(
        "strategy",
        "strategy.strategy_versions",
        (strategy(),),
        counted_from_one=strategy_version(version="0"),
        parameters_object=strategy_version(parameters="'[]'"),
        hash_length=strategy_version(source_sha256=SHORT),
    ),
    Rule(
        "a released version does not change",
        "strategy",
        "UPDATE strategy.strategy_versions SET parameters = '{\"window\": 2}'",
        "23000",
        ("strategy.strategy_versions.strategy_versions_final",),
        (strategy(), strategy_version(released_at="now()")),
    ),
    *checks(
        "strategy",
        "strategy.backtests",
        TESTABLE,
        capital_positive=backtest(initial_capital="-1"),
        final_not_negative=backtest(final_capital="-1"),
        drawdown_is_a_share=backtest(max_drawdown="1.5"),
        status_known=backtest(status="'x'"),
        done_has_results=backtest(status="'done'", finished_at="now()"),
        end_has_a_time=backtest(status="'failed'"),
    ),
    *checks(
        "strategy",
        "strategy.backtest_values",
        (*TESTABLE, backtest()),
        not_negative=insert("strategy.backtest_values", backtest_id=f"'{TWO}'", day="'2026-01-01'", value="-1"),
    ),
    # workflows
    Rule(
        "a code is one component",
        "nocode",
        component(),
        "23505",
        ("nocode.components.components_code_key",),
        (component(),),
    ),
    *checks(
        "nocode",
        "nocode.components",
        (),
        code_form=component(code="'R S I'"),
        category_known=component(category="'x'"),
        parameters_object=component(parameters="'[]'"),
    ),
    Rule(
        "a name is one workflow of a person",
        "nocode",
        workflow(workflow_id=f"'{TWO}'", name="'FLOW'"),
        "23505",
        ("nocode.workflows.workflows_name_key",),
        (workflow(),),
    ),
    *checks("nocode", "nocode.workflows", (), name_sane=workflow(name="''")),
    Rule(
        "a version is drawn once",
        "nocode",
        workflow_version(workflow_version_id=f"'{ANN}'"),
        "23505",
        ("nocode.workflow_versions.workflow_versions_key",),
        DRAWN,
    ),
    *checks(
        "nocode",
        "nocode.workflow_versions",
        (workflow(),),
        counted_from_one=workflow_version(version="0"),
        is_a_graph=workflow_version(definition='\'{"nodes": [], "edges": {}}\''),
    ),
    Rule(
        "a published version does not change",
        "nocode",
        "DELETE FROM nocode.workflow_versions",
        "23000",
        ("nocode.workflow_versions.workflow_versions_final",),
        (workflow(), workflow_version(published_at="now()")),
    ),
    *checks(
        "nocode",
        "nocode.workflow_executions",
        DRAWN,
        status_known=execution(status="'x'", finished_at="now()"),
        end_has_a_time=execution(status="'succeeded'"),
        end_after_they_begin=execution(status="'succeeded'", finished_at="now() - interval '1 hour'"),
        failed_says_why=execution(status="'failed'", finished_at="now()"),
    ),
    *checks(
        "nocode",
        "nocode.execution_steps",
        (*DRAWN, execution()),
        counted_from_one=insert(
            "nocode.execution_steps", execution_id=f"'{ONE}'", step="0", node_id="'n'", succeeded="true"
        ),
    ),
    # brokers
    Rule("a code is one broker", "broker", broker(), "23505", ("broker.brokers.brokers_code_key",), (broker(),)),
    *checks(
        "broker",
        "broker.brokers",
        (),
        code_form=broker(code="'Acme Inc'"),
        protocol_known=broker(protocol="'fax'"),
    ),
    Rule(
        "an account at a broker is kept once",
        "broker",
        account(broker_account_id=f"'{TWO}'"),
        "23505",
        ("broker.broker_accounts.broker_accounts_external_key",),
        CONNECTED,
    ),
    *checks(
        "broker",
        "broker.broker_accounts",
        (broker(),),
        key_not_secret=account(vault_key="'sk-live-51H'"),
        status_known=account(status="'x'"),
    ),
    *checks(
        "broker",
        "broker.heartbeats",
        (broker(),),
        latency_not_negative=insert(
            "broker.heartbeats",
            broker_id="(SELECT min(broker_id) FROM broker.brokers)",
            observed_at="now()",
            latency_ms="-1",
        ),
    ),
    Rule(
        "an order is at one broker at a time",
        "broker",
        routed(broker_order_id=f"'{TWO}'"),
        "23505",
        ("broker.broker_orders.broker_orders_live_key",),
        (*CONNECTED, routed()),
    ),
    Rule(
        "a broker's own id is one order of an account",
        "broker",
        routed(broker_order_id=f"'{TWO}'", order_id=f"'{ANN}'", external_order_id="'e1'"),
        "23505",
        ("broker.broker_orders.broker_orders_external_key",),
        (*CONNECTED, routed(external_order_id="'e1'")),
    ),
    Rule(
        "a state only moves forward",
        "broker",
        "UPDATE broker.broker_orders SET state = 'queued'",
        "23000",
        ("broker.broker_orders.broker_orders_guarded",),
        (*CONNECTED, routed(), "UPDATE broker.broker_orders SET state = 'sent'"),
    ),
    *checks(
        "broker",
        "broker.broker_orders",
        CONNECTED,
        state_known=routed(state="'x'"),
        attempts_not_negative=routed(attempts="-1"),
        accepted_has_an_id=routed(state="'accepted'"),
    ),
    # messages
    Rule(
        "one current version of a text",
        "notification",
        template(version="2"),
        "23505",
        ("notification.templates.templates_current_key",),
        (template(),),
    ),
    Rule(
        "a version is written once",
        "notification",
        template(),
        "23505",
        ("notification.templates.templates_version_key",),
        (template(retired_at="now()"),),
    ),
    *checks(
        "notification",
        "notification.templates",
        (),
        code_form=template(code="'Order Filled'"),
        counted_from_one=template(version="0"),
    ),
    *checks("notification", "notification.preferences", (), channel_known=preference(channel="'fax'")),
    Rule(
        "an event tells a person once",
        "notification",
        message(notification_id=f"'{TWO}'"),
        "23505",
        ("notification.notifications.notifications_dedupe_key",),
        (template(), message()),
    ),
    *checks(
        "notification",
        "notification.notifications",
        (template(),),
        channel_known=message(channel="'fax'"),
        status_known=message(status="'x'"),
        attempts_bounded=message(attempts="11"),
        sent_has_a_time=message(status="'sent'"),
        read_after_sent=message(status="'sent'", sent_at="now()", read_at="now() - interval '1 hour'"),
    ),
    *checks(
        "notification",
        "notification.deliveries",
        (template(), message()),
        outcome_known=delivery(outcome="'x'"),
        delivered_has_a_ref=delivery(provider_ref="NULL"),
    ),
]

UNTRIED = {
    "trading.orders.orders_quantity_positive": "an order of nothing would be filled from the start",
    "strategy.backtests.backtests_days_in_order": "the generated range refuses first",
    **{f"{schema}.audit_log.audit_log_action_known": "logins cannot write the trail" for schema in TRAILS},
    **{f"{schema}.audit_log.audit_log_shows_the_change": "logins cannot write the trail" for schema in TRAILS},
}


@pytest.fixture(scope="module", params=VERSIONS, ids=[f"pg{version}" for version in VERSIONS])
def alphintra(request: pytest.FixtureRequest) -> Iterator[Logins]:
    with logins("alphintra", "database-per-service", request.param) as found:
        yield found


def test_each_rule_refuses(alphintra: Logins) -> None:
    assert failures(RULES, lambda rule: is_refused(alphintra, rule)) == []


def test_each_rule_is_what_refuses(alphintra: Logins) -> None:
    assert failures(RULES, lambda rule: goes_through_without(alphintra, rule)) == []


def test_no_rule_is_without_a_trial(alphintra: Logins) -> None:
    there: set[str] = set()
    for service, _ in TRAILS.values():
        with alphintra.admin(service) as connection:
            there |= guards(connection)
    tried = {guard for rule in RULES for guard in rule.guards}
    assert there - tried - set(UNTRIED) == set()
    assert set(UNTRIED) <= there


def test_trades_fill_their_order_and_make_the_position(alphintra: Logins) -> None:
    with alphintra.trial("trading") as connection:
        for statement in (*PLACED, trade("4", "100"), trade("6", "110", "v2", fee="1.5")):
            connection.execute(statement.encode())
        order_now = connection.execute("SELECT filled_quantity, status, row_version FROM trading.orders").fetchone()
        assert order_now == (Decimal(10), "filled", 3)
        position = connection.execute("SELECT quantity, cost, average_price FROM trading.positions").fetchone()
        assert position == (Decimal(10), Decimal(1060), Decimal(106))
        assert connection.execute("SELECT sum(notional) FROM trading.trades").fetchone() == (Decimal(1060),)


def test_a_position_goes_through_zero_at_the_price_of_the_rest(alphintra: Logins) -> None:
    with alphintra.trial("trading") as connection:
        for statement in (*PLACED, trade("10", "100")):
            connection.execute(statement.encode())
        sell = order(order_id=f"'{TWO}'", client_order_id="'c2'", side="'sell'", quantity="16")
        connection.execute(sell.encode())
        connection.execute(trade("4", "130", "v2", order_id=f"'{TWO}'").encode())
        half = connection.execute("SELECT quantity, average_price FROM trading.positions").fetchone()
        assert half == (Decimal(6), Decimal(100))
        connection.execute(trade("12", "120", "v3", order_id=f"'{TWO}'").encode())
        short = connection.execute("SELECT quantity, cost, average_price FROM trading.positions").fetchone()
        assert short == (Decimal(-6), Decimal(-720), Decimal(120))


def test_the_trail_holds_what_a_row_was_and_became_and_no_secret(alphintra: Logins) -> None:
    with alphintra.trial("auth") as connection:
        connection.execute(api_key().encode())
        connection.execute("SET LOCAL app.actor = 'ann'")
        connection.execute("UPDATE auth.api_keys SET revoked_at = now()")
        connection.execute("UPDATE auth.api_keys SET label = label")
        found = connection.execute(
            "SELECT action, entity, actor, on_behalf_of, old_row -> 'revoked_at', new_row ->> 'revoked_at' IS NOT NULL,"
            " new_row ? 'secret_hash' FROM auth.audit_log ORDER BY audit_id"
        ).fetchall()
        who = alphintra.user("auth")
        assert found == [
            ("insert", "api_keys", who, None, None, False, False),
            ("update", "api_keys", who, "ann", None, True, False),
        ]


def test_a_stale_version_changes_nothing(alphintra: Logins) -> None:
    with alphintra.trial("user") as connection:
        connection.execute(user().encode())
        change = "UPDATE users.users SET status = 'active' WHERE row_version = 1"
        assert connection.execute(change.encode()).rowcount == 1
        assert connection.execute(change.encode()).rowcount == 0


def test_who_may_trade_is_a_matter_of_the_day(alphintra: Logins) -> None:
    with alphintra.trial("user") as connection:
        may = f"SELECT users.may_trade('{ANN}', '2026-06-01'), users.may_trade('{ANN}', '2031-06-01')"
        connection.execute(user(status="'active'").encode())
        connection.execute(verification().encode())
        assert connection.execute(may.encode()).fetchone() == (False, False)
        connection.execute(verification(kind="'sanctions'").encode())
        assert connection.execute(may.encode()).fetchone() == (True, False)


def test_five_failures_lock_an_address_out(alphintra: Logins) -> None:
    with alphintra.trial("auth") as connection:
        locked = "SELECT auth.locked_out('ann@example.com')"
        attempt = insert("auth.login_attempts", email="'Ann@example.com'", source="'10.0.0.1'", succeeded="false")
        for _ in range(4):
            connection.execute(attempt.encode())
        assert connection.execute(locked.encode()).fetchone() == (False,)
        connection.execute(attempt.encode())
        assert connection.execute(locked.encode()).fetchone() == (True,)


def test_an_order_is_assessed_by_the_rule_that_blocks(alphintra: Logins) -> None:
    with alphintra.trial("risk") as connection:
        connection.execute(rule(action="'warn'", threshold="100").encode())
        connection.execute(rule(instrument_id="7", threshold="1000").encode())
        worth = {"50": "passed", "500": "warned", "5000": "blocked"}
        for value, verdict in worth.items():
            said = connection.execute(f"SELECT risk.assess('{ONE}', '{ANN}', 7, {value})".encode()).fetchone()
            assert said == (verdict,)
        other = connection.execute(f"SELECT risk.assess('{ONE}', '{ANN}', 8, 5000)".encode()).fetchone()
        assert other == ("warned",)
        written = connection.execute("SELECT decision FROM risk.risk_assessments ORDER BY assessment_id").fetchall()
        assert [decision for (decision,) in written] == ["passed", "warned", "blocked", "warned"]


def test_two_workers_take_different_messages_and_a_lost_one_comes_back(alphintra: Logins) -> None:
    take = "SELECT dedupe_key FROM notification.take_due(2, interval '0')"
    with alphintra.trial("notification") as one, alphintra.trial("notification") as two:
        one.execute(template().encode())
        for number in range(3):
            one.execute(message(notification_id="gen_random_uuid()", dedupe_key=f"'{number}'").encode())
        one.commit()
        try:
            first = {key for (key,) in one.execute(take.encode()).fetchall()}
            two.execute("SET LOCAL lock_timeout = '100ms'")
            second = {key for (key,) in two.execute(take.encode()).fetchall()}
            assert (len(first), len(second)) == (2, 1)
            assert not first & second
            # a worker that dies gives back what it took; one that took and went silent, after the lease
            one.rollback()
            two.commit()
            assert one.execute("SELECT count(*) FROM notification.take_due(9)").fetchone() == (3,)
            assert one.execute("SELECT count(*) FROM notification.take_due(9)").fetchone() == (0,)
        finally:
            one.rollback()
            two.rollback()
            with psycopg.connect(alphintra.admin_url("notification")) as admin:
                admin.execute("TRUNCATE notification.notifications, notification.templates, notification.deliveries")


def test_a_backtest_is_taken_once(alphintra: Logins) -> None:
    with alphintra.trial("strategy") as connection:
        for statement in (*TESTABLE, backtest()):
            connection.execute(statement.encode())
        assert connection.execute("SELECT strategy.take_backtest()::text").fetchone() == (TWO,)
        assert connection.execute("SELECT strategy.take_backtest()").fetchone() == (None,)
        connection.execute(
            "UPDATE strategy.backtests SET status = 'done', finished_at = now(), final_capital = 1100, sharpe = 1,"
            " max_drawdown = 0.1"
        )
        assert connection.execute("SELECT total_return FROM strategy.backtests").fetchone() == (Decimal("0.1"),)


def test_the_owner_role_may_clear_out_old_audit_rows(alphintra: Logins) -> None:
    with alphintra.admin("user") as admin:
        admin.execute(user().encode())
        admin.execute("SET LOCAL ROLE alphintra_user_owner")
        assert admin.execute("DELETE FROM users.audit_log").rowcount == 1
