"""What the analysis of Alphintra says of its databases, tried; its README tells what came out."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from support.clusters import VERSIONS
from support.examples import SOAK
from support.readmes import run_commands
from support.rules import Logins, crash, logins

SERVICES = ("user", "auth", "trading", "risk", "strategy", "nocode", "broker", "notification")
SCHEMAS = {service: "users" if service == "user" else service for service in SERVICES}
NAMED = {
    "user": "users",
    "trading": "trades",
    "strategy": "trading_strategies",
    "risk": "risk_rules",
    "notification": "notifications",
    "auth": "api_keys",
}
"""The tables that the analysis names, by the service whose concern it calls them; audit logs are every service's."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(version, marks=pytest.mark.xdist_group(f"alphintra-claims-{version}"), id=f"pg{version}")
        for version in (VERSIONS if SOAK else VERSIONS[:1])
    ],
)
def version(request: pytest.FixtureRequest) -> int:
    assert isinstance(request.param, int)
    return request.param


@pytest.fixture(scope="module")
def separate(version: int) -> Iterator[Logins]:
    """A database for each service, filled as the README says."""
    with logins("alphintra", "database-per-service", version) as found:
        run_commands(found.desk)
        yield found


@pytest.fixture(scope="module")
def grouped(version: int) -> Iterator[Logins]:
    with logins("alphintra", "groups", version) as found:
        said = found.desk.run("seed", "--rows", "4000", timeout_s=300)
        assert said.status == 0, said.all
        yield found


def answer(platform: Logins, service: str, query: str) -> tuple[object, ...]:
    with platform.trial(service) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row


def test_every_table_that_the_analysis_names_is_there(separate: Logins) -> None:
    for service in SERVICES:
        named = [NAMED[service]] if service in NAMED else []
        for table in (*named, "audit_log"):
            assert answer(separate, service, f"SELECT count(*) > 0 FROM {SCHEMAS[service]}.{table}") == (True,)


def test_each_trail_tells_of_its_own_service_alone(separate: Logins) -> None:
    for service in SERVICES:
        schema = SCHEMAS[service]
        foreign, entities = answer(
            separate,
            service,
            f"""SELECT count(*) FILTER (WHERE to_regclass('{schema}.' || entity) IS NULL), count(DISTINCT entity)
            FROM {schema}.audit_log""",
        )
        assert foreign == 0
        assert entities


def test_no_login_enters_the_database_of_another_service(separate: Logins) -> None:
    places = {service: psycopg.conninfo.conninfo_to_dict(separate.url(service)) for service in SERVICES}
    refused = 0
    for service, own in places.items():
        for other, place in places.items():
            if service != other:
                with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects"):
                    psycopg.connect(psycopg.conninfo.make_conninfo("", **{**own, "dbname": place["dbname"]}))
                refused += 1
    assert refused == 56
    # and still each login sees what the others are called
    rows = answer(separate, "trading", "SELECT count(*) FROM pg_database WHERE datname LIKE 'alphintra\\_%'")
    assert rows == (8,)


def test_risk_reads_positions_whatever_the_layout(separate: Logins, grouped: Logins) -> None:
    count = "SELECT count(*), sum(quantity), sum(cost) FROM trading.positions"
    kind = "SELECT relkind::text FROM pg_class WHERE oid = 'trading.positions'::regclass"
    held = answer(separate, "trading", count)
    assert held[0]
    assert answer(separate, "risk", count) == answer(grouped, "risk", count) == held
    assert answer(separate, "risk", kind) == ("f",)
    assert answer(grouped, "risk", kind) == ("r",)
    # the broker is of another domain
    listed = "SELECT count(*) FROM trading.instruments"
    assert answer(grouped, "broker", listed) == answer(grouped, "trading", listed) == (200,)


def test_what_is_not_declared_is_not_there(separate: Logins, grouped: Logins) -> None:
    assert answer(separate, "notification", "SELECT count(*) > 0 FROM users.profiles") == (True,)
    with separate.trial("notification") as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM users.users")
    with grouped.trial("notification") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM users.users")


def test_every_position_is_the_sum_of_its_trades(separate: Logins) -> None:
    assert answer(
        separate,
        "trading",
        """SELECT count(*) > 0, count(*) FILTER (WHERE p.quantity <> (
            SELECT sum(CASE side WHEN 'buy' THEN t.quantity ELSE -t.quantity END)
            FROM trading.trades AS t JOIN trading.orders AS o USING (order_id)
            WHERE o.user_id = p.user_id AND o.instrument_id = p.instrument_id
        )) FROM trading.positions AS p""",
    ) == (True, 0)
    # some orders were filled in full, and some in part
    assert answer(
        separate,
        "trading",
        "SELECT count(*) > 0 FROM trading.orders WHERE filled_quantity BETWEEN 0.1 AND quantity - 0.1",
    ) == (True,)


def test_maintenance_takes_the_trails_into_their_pieces(separate: Logins) -> None:
    for service in SERVICES:
        schema = SCHEMAS[service]
        with separate.admin(service) as connection:
            left = connection.execute(f"SELECT count(*) FROM {schema}.audit_log_default".encode()).fetchone()
            assert left == (0,)


def test_a_reference_that_breaks_is_found(separate: Logins) -> None:
    assert separate.desk.run("check-references").status == 0
    with psycopg.connect(separate.admin_url("user")) as connection:
        (lost,) = answer(separate, "auth", "SELECT user_id::text FROM auth.api_keys ORDER BY prefix LIMIT 1")
        connection.execute("CREATE TEMP TABLE kept AS SELECT * FROM users.users WHERE user_id = %s::uuid", (lost,))
        # as a restore of one database would
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM users.users WHERE user_id = %s::uuid", (lost,))
        connection.commit()
        try:
            said = separate.desk.run("check-references", "--service", "auth", "--json")
            assert said.status == 2, said.all
            assert str(lost) in said.out
        finally:
            connection.execute("INSERT INTO users.users SELECT * FROM kept")


def test_a_crash_in_one_database_ends_the_sessions_of_all(separate: Logins) -> None:
    with psycopg.connect(separate.url("user"), autocommit=True) as bystander:
        assert bystander.execute("SELECT 1").fetchone() == (1,)
        crash(separate, "notification")
        with pytest.raises(psycopg.OperationalError):
            bystander.execute("SELECT pg_sleep(10)")
