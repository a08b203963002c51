"""A running server is read without being changed, and what a login may not see is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest

from freehold.discover.live.clients import Clients
from freehold.discover.live.model import LiveServer, TableName
from freehold.errors import ServerError, Unreachable
from freehold.pg import live
from freehold.pg.session import PgSession
from freehold.ports import Address
from freehold.sqltext import ident, raw, sql
from support.clusters import PASSWORD, VERSIONS, TidyServers, unlocked_hba

HOSTILE = 'we"ird\n<i>.{}'

SHOP = """
CREATE SCHEMA orders; CREATE SCHEMA billing;
CREATE TABLE orders.orders (id int PRIMARY KEY);
CREATE TABLE orders.line (order_id int REFERENCES orders.orders ON DELETE CASCADE, n int, PRIMARY KEY (order_id, n));
CREATE TABLE billing.invoice (id serial PRIMARY KEY, order_id int REFERENCES orders.orders);
CREATE TABLE billing.log (id int DEFAULT nextval('billing.invoice_id_seq'));
CREATE VIEW billing.open AS SELECT i.id FROM billing.invoice i JOIN orders.line l USING (order_id);
CREATE FUNCTION billing.total() RETURNS bigint LANGUAGE plpgsql AS
  $$ DECLARE n bigint; BEGIN SELECT count(*) INTO STRICT n FROM billing.invoice JOIN orders.orders o ON o.id = order_id;
     RETURN n; END $$;
CREATE FUNCTION orders.after() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO billing.invoice (order_id) VALUES (new.id); RETURN new; END $$;
CREATE TRIGGER made AFTER INSERT ON orders.orders FOR EACH ROW EXECUTE FUNCTION orders.after();
CREATE FUNCTION billing.parsed() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM orders.line; END;
CREATE TABLE orders.event (at date, n int) PARTITION BY RANGE (at);
CREATE TABLE orders.event_1 PARTITION OF orders.event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
INSERT INTO orders.event SELECT '2026-01-05', g FROM generate_series(1, 500) g;
ALTER TABLE orders.line ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders.line USING (EXISTS (SELECT FROM billing.invoice i WHERE i.order_id = line.order_id));
"""


def url(address: Address, user: str = "", password: str = "", database: str = "postgres") -> str:
    user, password = user or address.user, password or address.password
    return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{address.host}:{address.port}/{database}"


@pytest.fixture
def shop(server: Address, servers: TidyServers) -> Address:
    """A database "shop" with tables of two services, one closed to all others, and a login without any right."""
    admin = servers.admin("main")
    for text in (
        "CREATE DATABASE shop",
        "CREATE DATABASE closed",
        "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
        "CREATE ROLE plain LOGIN PASSWORD 'p'",
    ):
        admin.execute(raw(text))
    admin.execute(sql("CREATE DATABASE {}", ident(HOSTILE)))
    servers.admin("main", "shop").execute(raw(SHOP))
    return server


def read(address: Address, user: str = "", password: str = "", **more: int) -> LiveServer:
    return live.read(url(address, user, password), **more)


def inside(found: LiveServer, database: str = "shop") -> object:
    contents = found.databases[database].contents
    assert contents is not None
    return contents


def t(name: str) -> TableName:
    return TableName(*name.split("."))


def test_a_superuser_sees_what_is_there(shop: Address) -> None:
    found = read(shop)
    assert set(found.databases) == {"closed", "postgres", "shop", "template0", "template1", HOSTILE}
    contents = found.databases["shop"].contents
    assert contents is not None
    assert set(contents.schemas) == {"billing", "orders", "public"}
    kinds = {table.name: table.kind for table in contents.tables}
    assert kinds[t("orders.event")] == "PARTITIONED TABLE"
    assert t("orders.event_1") not in kinds
    assert kinds[t("billing.open")] == "VIEW"
    keys = {(key.table, key.to_table): key.part for key in contents.keys}
    assert keys == {
        (t("orders.line"), t("orders.orders")): True,
        (t("billing.invoice"), t("orders.orders")): False,
    }
    needs = {(need.kind, need.of, need.on) for need in contents.dependencies}
    assert needs == {
        ("VIEW", t("billing.open"), t("billing.invoice")),
        ("VIEW", t("billing.open"), t("orders.line")),
        ("FUNCTION", t("billing.parsed"), t("orders.line")),
        ("POLICY", t("orders.line"), t("billing.invoice")),
        ("DEFAULT", t("billing.log"), t("billing.invoice")),
    }
    (after,) = [one for one in contents.routines if one.name == "after"]
    assert after.triggers == (t("orders.orders"),)
    assert contents.table(t("orders.event")) is not None
    assert (found.databases["shop"].bytes or 0) > 1_000_000
    assert found.server.superuser
    assert [one.what for one in found.unseen] == ["which statements were run"]


def test_rows_and_bytes_of_partitions_count_for_their_table(shop: Address, servers: TidyServers) -> None:
    servers.admin("main", "shop").execute(raw("ANALYZE orders.event_1"))
    contents = read(shop).databases["shop"].contents
    assert contents is not None
    table = contents.table(t("orders.event"))
    assert table is not None
    assert (table.rows, table.partitions) == (500, 1)
    assert table.bytes > 0
    never = contents.table(t("billing.log"))
    assert never is not None
    assert never.rows is None


def test_a_plain_login_is_told_what_it_could_not_see(shop: Address) -> None:
    found = read(shop, "plain", "p")
    assert found.databases["closed"].contents is None
    assert found.databases["closed"].bytes is None
    # catalogs are open to everybody who may connect
    assert found.databases["shop"].contents == read(shop).databases["shop"].contents
    assert {one.what: one.remedy for one in found.unseen} == {
        'database "closed"': 'GRANT CONNECT ON DATABASE "closed" TO "plain";',
        "what sessions of other logins do and where they come from": 'GRANT pg_monitor TO "plain";',
        "settings that only superusers see (shared_preload_libraries, data_directory ..)": (
            'GRANT pg_monitor TO "plain";'
        ),
        "pg_hba.conf": "Read it as a superuser.",
        "how passwords are stored": "Read it as a superuser.",
        "which statements were run": (
            "CREATE EXTENSION pg_stat_statements; with the library in shared_preload_libraries."
        ),
    }


def test_what_is_said_to_help_helps(shop: Address, servers: TidyServers) -> None:
    """The remedies of what was not seen, run: then it is seen."""
    admin = servers.admin("main")
    for one in read(shop, "plain", "p").unseen:
        if one.remedy.startswith("GRANT"):
            admin.execute(raw(one.remedy))
    found = read(shop, "plain", "p")
    assert found.databases["closed"].contents is not None
    assert {one.what for one in found.unseen} == {
        "pg_hba.conf",
        "how passwords are stored",
        "which statements were run",
    }


def test_reading_changes_nothing_and_cannot(shop: Address, servers: TidyServers) -> None:
    names = ["closed", "postgres", "shop", HOSTILE]
    before = servers.read(["main"], {"main": names})
    read(shop)
    assert servers.read(["main"], {"main": names}) == before
    session = live._Reading(servers.addresses()["main"]).open("shop")
    try:
        assert session.attempt(raw("CREATE TABLE x ()")).sqlstate == "25006"
        assert session.query(raw("SHOW statement_timeout")) == [("15s",)]
        assert session.query(raw("SHOW lock_timeout")) == [("500ms",)]
    finally:
        session.close()


def test_a_few_queries_are_enough(shop: Address) -> None:
    found = read(shop)
    # the server, one for each of four databases, and one look at who is connected
    assert found.queries <= 18


def test_a_table_that_somebody_locks_does_not_matter(shop: Address, servers: TidyServers) -> None:
    session = servers.admin("main", "shop")
    with session.transaction():
        session.execute(raw("LOCK TABLE orders.orders, billing.open IN ACCESS EXCLUSIVE MODE"))
        found = read(shop)
    assert found.databases["shop"].contents is not None


def test_a_locked_catalog_is_given_up_and_named(shop: Address, servers: TidyServers) -> None:
    session = servers.admin("main", "shop")
    with session.transaction():
        session.execute(raw("LOCK TABLE pg_catalog.pg_policy IN ACCESS EXCLUSIVE MODE"))
        found = read(shop)
    assert found.databases["shop"].contents is None
    assert found.databases["closed"].contents is not None
    (why,) = [one.why for one in found.unseen if one.what == 'what is inside database "shop"']
    assert "lock timeout" in why


def named(servers: TidyServers, database: str, user: str, application: str) -> PgSession:
    session = servers.login("main", database, user, "p")
    session.execute(raw(f"SET application_name = '{application}'"))
    return session


def test_who_is_connected_is_seen_over_a_window(shop: Address, servers: TidyServers) -> None:
    servers.admin("main").execute(raw("CREATE ROLE orders_app LOGIN PASSWORD 'p'"))
    kept = [named(servers, "shop", "orders_app", "orders-1")]
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            kept.append(named(servers, "shop", "orders_app", "late"))

    found = live.read(url(shop), window_ms=1500, every_ms=500, sleep=sleep)
    assert (found.samples, looks) == (4, [0.5, 0.5, 0.5])
    seen = {one.application: (one.samples, one.most, one.client) for one in found.seen if one.login == "orders_app"}
    assert seen == {"orders-1": (4, 1, "127.0.0.1"), "late": (2, 1, "127.0.0.1")}
    hidden = [one for one in read(shop, "plain", "p").seen if one.login == "orders_app"]
    # names are shown to everybody, addresses are not
    assert {(one.application, one.client) for one in hidden} == {("orders-1", None), ("late", None)}


def test_databases_can_be_chosen(shop: Address) -> None:
    found = live.read(url(shop), databases=[HOSTILE])
    assert found.databases["shop"].contents is None
    assert found.databases[HOSTILE].contents is not None
    assert [one.what for one in found.unseen] == ["which statements were run"]


def test_a_server_that_is_not_there_is_unreachable(shop: Address) -> None:
    with pytest.raises(Unreachable):
        live.read("postgresql://postgres@127.0.0.1:1/postgres")
    with pytest.raises(ServerError, match="password authentication failed"):
        read(shop, "plain", "wrong")


@pytest.fixture(params=VERSIONS)
def recorded(
    request: pytest.FixtureRequest, fresh_embedded: Callable[..., tuple[object, object, TidyServers]]
) -> TidyServers:
    """A server that records statements, with the extension in database "shop"."""
    _, _, servers = fresh_embedded(1, request.param)
    servers.write_hba("i0", unlocked_hba())
    admin = servers.admin("i0")
    admin.execute(raw("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'"))
    for text in ("CREATE DATABASE shop", "CREATE ROLE plain LOGIN PASSWORD 'p'", "CREATE ROLE app LOGIN PASSWORD 'p'"):
        admin.execute(raw(text))
    servers.admin("i0", "shop").execute(raw(SHOP + "CREATE EXTENSION pg_stat_statements WITH SCHEMA public;"))
    return servers


def test_statements_are_read_where_they_are_recorded(recorded: TidyServers) -> None:
    before = read(recorded.addresses()["i0"])
    # installed, and the library is not loaded
    assert before.statements is None
    (why,) = [one.why for one in before.unseen if one.what == "which statements were run"]
    assert "shared_preload_libraries" in why
    recorded.restart({"i0"})
    address = recorded.addresses()["i0"]
    session = recorded.admin("i0", "shop")
    session.execute(
        raw("GRANT USAGE ON SCHEMA orders, billing TO app; GRANT SELECT ON ALL TABLES IN SCHEMA orders TO app")
    )
    client = recorded.login("i0", "shop", "app", "p")
    for number in range(3):
        client.query(raw(f"SELECT * FROM orders.orders o JOIN orders.event e ON e.n = o.id WHERE e.n = {number}"))
    found = read(address)
    assert found.statements is not None
    (joined,) = [one for one in found.statements if "orders.event e" in one.text]
    assert (joined.database, joined.login, joined.calls) == ("shop", "app", 3)
    assert "$1" in joined.text
    client.close()
    # the login is gone, and its statements still tell that it uses the database
    gone = [one for one in Clients(replace(found, seen=())).all if one.login == "app"]
    assert [(one.service, one.database, one.how, one.confidence) for one in gone] == [
        ("app", "shop", "statements", 0.8)
    ]
    plain = read(address, "plain", "p")
    assert not [one for one in plain.statements or () if "orders.event e" in one.text]
    assert "the text of statements of other logins" in {one.what for one in plain.unseen}


def test_the_password_of_every_test_server_is_nowhere_in_a_reading(shop: Address) -> None:
    found = read(shop)
    assert PASSWORD not in repr(found)
    assert "SCRAM-SHA-256$" not in repr(found.server)
    assert all(role.verifier is None for role in found.server.roles.values())
