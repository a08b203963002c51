"""Clients of four services of TREUM that log in, order, pay and bring prices, and count what was confirmed."""

from __future__ import annotations

from support.command import Desk
from support.traffic import Clients, Connection

SERVICES = ("market-data", "payments", "trading", "users")
WRITTEN = frozenset(
    {
        "market_history.minute_bar",
        "market_realtime.tick",
        "payments.balance",
        "payments.entry",
        "payments.transfer",
        "trading.orders",
        "trading_compliance.order_event",
        "users.login_attempt",
    }
)
"""The tables that the clients write."""

_CUSTOMERS = 20
_ACCOUNT = "00000000-0000-4000-8000-%012d"
_WALLET = "00000000-0000-4000-9000-%012d"
_HOUSE = "00000000-0000-4000-a000-000000000000"


def clients(found: Desk) -> Clients:
    """The clients, with customers of their own to act for."""
    urls = {name: found.run("url", name).out.strip() for name in SERVICES}
    users = ", ".join(f"('{_ACCOUNT % n}', 'load{n}@example.org', '$argon2id$x')" for n in range(_CUSTOMERS))
    found.psql(urls["users"], f"INSERT INTO users.account (account_id, email, password_hash) VALUES {users}")
    wallets = ", ".join(f"('{_WALLET % n}', '{_ACCOUNT % n}', 'customer', 'XTS')" for n in range(_CUSTOMERS))
    found.psql(
        urls["payments"],
        "INSERT INTO payments.wallet (wallet_id, account_id, kind, currency)"
        f" VALUES {wallets}, ('{_HOUSE}', NULL, 'bank', 'XTS')",
    )
    jobs = {"users": _log_in, "trading": _order, "payments": _pay, "market-data": _tick}
    return Clients({name: (urls[name], once) for name, once in jobs.items()})


def agree(found: Desk, counted: Clients) -> None:
    """Assert that everything that was confirmed is there once, nothing else is, and that the ledger is in order."""
    urls = {name: found.run("url", name).out.strip() for name in SERVICES}
    for service, question in (
        ("market-data", "SELECT size::bigint FROM market_realtime.tick WHERE venue = 'LOAD'"),
        ("users", "SELECT split_part(email, '@', 1)::bigint FROM users.login_attempt WHERE email LIKE '%@load.test'"),
        ("trading", "SELECT client_ref::bigint FROM trading.orders WHERE account_id::text LIKE '%-8000-0000000000__'"),
        (
            "payments",
            "SELECT substr(idempotency_key, 8)::bigint FROM payments.transfer WHERE idempotency_key LIKE 'number %'",
        ),
    ):
        counted.agree(service, [number for (number,) in found.psql(urls[service], question)])
    assert found.psql(urls["payments"], "SELECT * FROM payments.trial_balance") == []
    ((owed,),) = found.psql(urls["payments"], f"SELECT amount FROM payments.balance WHERE wallet_id = '{_HOUSE}'")
    assert owed == -len(counted.confirmed["payments"])


def _log_in(connection: Connection, number: int) -> None:
    connection.execute("SELECT users.log_in(%s, '192.0.2.1', false)", (f"{number}@load.test",))


def _order(connection: Connection, number: int) -> None:
    connection.execute(
        "INSERT INTO trading.orders (account_id, client_ref, instrument_id, side, kind, quantity)"
        " SELECT %s, %s, min(instrument_id), 'buy', 'market', 1 FROM trading.instrument",
        (_ACCOUNT % (number % _CUSTOMERS), str(number)),
    )


def _pay(connection: Connection, number: int) -> None:
    connection.execute(
        "SELECT payments.post(%s, 'deposit', ARRAY[%s, %s]::uuid[], ARRAY[-1, 1])",
        (f"number {number}", _HOUSE, _WALLET % (number % _CUSTOMERS)),
    )


def _tick(connection: Connection, number: int) -> None:
    connection.execute(
        "INSERT INTO market_realtime.tick (occurred_at, symbol, price, size, venue)"
        " VALUES (clock_timestamp(), 'LOAD', 1, %s, 'LOAD')",
        (number,),
    )
