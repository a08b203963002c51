"""Each check of a running server turns red for what it is about, and green when that is mended."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from freehold.discover.live.checks._kind import Checked, findings, members, readiness
from freehold.discover.live.model import Seen
from freehold.discover.live.picture import picture, together
from freehold.discover.live.view import View, view
from freehold.discover.model import Discovery, Evidence, ServiceSeen, Use
from freehold.discover.scored import facts_of, with_recommendation
from freehold.found.model import Setting
from freehold.pg import live
from freehold.ports import Address
from freehold.sqltext import raw
from real.test_live import url
from support.clusters import TidyServers

BROKEN = """
CREATE TABLE public.orders (id int PRIMARY KEY);
CREATE TABLE public.invoice (id int, order_id int REFERENCES public.orders);
ALTER TABLE public.orders OWNER TO orders_app;
ALTER TABLE public.invoice OWNER TO billing_app;
GRANT INSERT ON public.orders TO PUBLIC;
GRANT CREATE ON SCHEMA public TO PUBLIC;
CREATE FUNCTION public.give() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
"""


@pytest.fixture
def broken(server: Address, servers: TidyServers) -> tuple[Address, TidyServers]:
    """A server on which everything is wrong that a test can make wrong, with two applications under one login."""
    admin = servers.admin("main")
    for name in ("orders_app", "billing_app", "everyone"):
        admin.execute(raw(f"CREATE ROLE {name} LOGIN PASSWORD 'p'"))
    admin.execute(raw("CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'p'"))
    admin.execute(raw("CREATE DATABASE shop"))
    admin.execute(raw("CREATE DATABASE other"))
    admin.execute(raw("ALTER SYSTEM SET password_encryption = 'md5'"))
    admin.execute(raw("SELECT pg_catalog.pg_reload_conf()"))
    servers.admin("main", "other").execute(raw("CREATE TABLE public.t ()"))
    servers.admin("main", "shop").execute(raw(BROKEN))
    for login, application in (("everyone", "orders"), ("everyone", "billing"), ("boss", "reports")):
        session = servers.login("main", "shop", login, "p")
        session.execute(raw(f"SET application_name = '{application}'"))
    return server, servers


def look(address: Address) -> View:
    return view(live.read(url(address)))


def states(found: View) -> dict[str, str]:
    return {one.check.name: one.state for one in readiness(found)}


def answer(found: View, name: str) -> Checked:
    return next(one for one in readiness(found) if one.check.name == name)


def test_a_broken_server_is_red_and_a_mended_one_green(broken: tuple[Address, TidyServers]) -> None:
    address, servers = broken
    found = look(address)
    red = {
        "shared_login",
        "superuser_login",
        "connect_open_to_all",
        "writable_by_all",
        "crossing_between_services",
        "open_definer",
        "passwords_hashed",
        "statements_recorded",
        "timeouts",
        "archived",
    }
    seen = states(found)
    # the servers of these tests run without fsync; 18 makes checksums by itself, 15 does not
    assert {name for name, state in seen.items() if state == "failed"} - {"checksums"} == red | {"durable"}
    assert seen["connections_fit"] == "passed"
    admin, shop = servers.admin("main"), servers.admin("main", "shop")
    for one in readiness(found):
        for wrong in one.answer.wrong:
            if wrong.remedy.startswith(("REVOKE", "ALTER ROLE", "GRANT")):
                inside = wrong.object.startswith(("table", "schema"))
                (shop if inside else admin).execute(raw(wrong.remedy))
    shop.execute(raw("ALTER FUNCTION public.give() SET search_path = pg_catalog"))
    shop.execute(raw("ALTER TABLE public.invoice DROP CONSTRAINT invoice_order_id_fkey"))
    admin.execute(raw("ALTER SYSTEM RESET password_encryption"))
    admin.execute(raw("SELECT pg_catalog.pg_reload_conf()"))
    while servers.opened:
        servers.opened.pop().close()
    assert servers.probe("main", "shop", "orders_app", "p").sqlstate == "42501"
    assert servers.probe("main", "shop", "everyone", "p").ok
    admin = servers.admin("main")
    for name in ("orders_app", "billing_app"):
        admin.execute(raw(f"ALTER ROLE {name} SET idle_in_transaction_session_timeout = '1min'"))
        admin.execute(raw(f"GRANT CONNECT ON DATABASE shop TO {name}"))
        servers.login("main", "shop", name, "p")
    mended = look(address)
    still = {name for name, state in states(mended).items() if state == "failed"} - {"checksums"}
    assert still == {"statements_recorded", "archived", "durable"}


def test_what_is_found_names_the_thing_and_the_remedy(broken: tuple[Address, TidyServers]) -> None:
    found = {finding.code: finding for finding in findings(look(broken[0]))}
    shared = found["shared_login"]
    assert shared.object in ('role "boss"', 'role "everyone"')
    assert found["connect_open_to_all"].remedy == (
        'GRANT CONNECT ON DATABASE "shop" TO "everyone"; REVOKE CONNECT ON DATABASE "shop" FROM PUBLIC;'
    )
    crossing = found["crossing_between_services"]
    assert 'foreign key "invoice_order_id_fkey"' in crossing.evidence[0].text
    assert found["not_seen"].level == "info"


def test_nobody_connected_earns_no_point(server: Address) -> None:
    seen = states(look(server))
    assert {seen[name] for name in ("shared_login", "superuser_login", "timeouts")} == {"unknown"}


def seen(**settings: str) -> View:
    """A reading without a server, for what a test cannot make a server do."""
    from freehold.discover.live.model import LiveServer
    from freehold.found.model import Server

    values = {name: Setting(value, "sighup", "default", False) for name, value in settings.items()}
    server = Server("main", 180000, "me", True, True, "postgres", settings=MappingProxyType(values))
    return view(LiveServer("here", server))


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("durable", {"fsync": "off", "full_page_writes": "on"}, {"fsync": "on", "full_page_writes": "on"}),
        ("checksums", {"data_checksums": "off"}, {"data_checksums": "on"}),
        ("archived", {"archive_mode": "off"}, {"archive_mode": "on"}),
        ("passwords_hashed", {"password_encryption": "md5"}, {"password_encryption": "scram-sha-256"}),
    ],
)
def test_a_setting_is_judged(name: str, bad: dict[str, str], good: dict[str, str]) -> None:
    assert answer(seen(**bad), name).state == "failed"
    assert answer(seen(**good), name).state == "passed"


@pytest.mark.parametrize("name", ["checksums", "passwords_hashed", "connections_fit"])
def test_a_setting_that_is_hidden_earns_no_point(name: str) -> None:
    assert answer(seen(), name).state == "unknown"


def test_a_client_from_beyond_wants_tls() -> None:
    def at(client: str | None, ssl: str) -> str:
        found = seen(ssl=ssl)
        return answer(
            replace(found, live=replace(found.live, seen=(Seen("d", "a", "x", client, 1, 1),))), "encrypted"
        ).state

    assert at("10.0.0.7", "off") == "failed"
    assert at("10.0.0.7", "on") == "passed"
    assert at("127.0.0.1", "off") == at("", "off") == "passed"
    assert at(None, "off") == "unknown"


def test_connections_near_their_end_are_seen() -> None:
    from freehold.discover.live.model import LiveDatabase

    def with_open(number: int) -> str:
        found = seen(max_connections="100")
        databases = {"d": LiveDatabase("d", "o", connections=number)}
        return answer(replace(found, live=replace(found.live, databases=databases)), "connections_fit").state

    assert with_open(79) == "passed"
    assert with_open(80) == "failed"


@pytest.mark.parametrize("name", list(members()))
def test_a_check_has_a_title(name: str) -> None:
    assert members()[name].title


def test_the_picture_names_services_by_how_surely_they_are_known(broken: tuple[Address, TidyServers]) -> None:
    address, servers = broken
    servers.login("main", "shop", "orders_app", "p").execute(raw("SET application_name = ''"))
    found = picture(look(address))
    sure = {(use.service, use.login): use.at.confidence for use in found.uses if use.database == "shop"}
    assert sure == {
        ("billing", "everyone"): 0.6,
        ("orders", "everyone"): 0.6,
        ("orders", "orders_app"): 0.9,
        ("reports", "boss"): 0.6,
    }
    owners = {table.name: (table.service, table.at.confidence) for table in found.tables if table.database == "shop"}
    assert owners == {"orders": ("orders", 0.9), "invoice": ("billing", 0.9)}
    (crossing,) = found.crossings
    assert (crossing.service, crossing.to_service, crossing.how) == ("billing", "orders", "foreign key")
    assert {database.name for database in found.databases} == {"other", "shop"}


def test_a_server_and_a_repository_are_put_together(broken: tuple[Address, TidyServers]) -> None:
    found = look(broken[0])
    at = Evidence("compose.yaml", 3, "DATABASE_URL", 1.0)
    files = Discovery(
        root="repo",
        services=(
            ServiceSeen("orders-service", ("shop",), evidence=(at,)),
            ServiceSeen("gone", ("lost",), evidence=(at,)),
        ),
        uses=(Use("orders-service", "shop", "", "configured", "db", "everyone", at),),
    )
    both = with_recommendation(together(files, picture(found)), found)
    assert [service.name for service in both.services] == ["billing", "gone", "orders-service", "reports"]
    orders = both.service("orders-service")
    assert orders is not None
    assert {item.file for item in orders.evidence} == {"compose.yaml", ""}
    assert both.recommendation.layout
    assert both.recommendation.reasons[0].startswith(both.recommendation.layout)
    facts = facts_of(both, found)
    assert facts.max_connections == 200
    assert [(one.service, one.other) for one in facts.between] == [("billing", "orders-service")]
