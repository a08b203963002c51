"""``freehold discover`` reads a server, and a repository and its server together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from freehold.cli.documents import document_schema
from freehold.ports import Address
from freehold.sqltext import raw
from real.test_live import SHOP, url
from support.clusters import TidyServers
from support.command import Desk, Said, desk

COMPOSE = """\
services:
  db: {image: "postgres:18", environment: {POSTGRES_DB: shop, POSTGRES_PASSWORD: x}}
  orders-service:
    build: ./orders
    environment: {DATABASE_URL: "postgresql://orders_app@db:5432/shop"}
  mailer:
    build: ./mailer
    environment: {DATABASE_URL: "postgresql://mailer@db:5432/mail"}
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Desk]:
    with desk() as found:
        (found.folder / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
        yield found


@pytest.fixture
def shop(server: Address, servers: TidyServers) -> Address:
    admin = servers.admin("main")
    for text in (
        "CREATE DATABASE shop",
        "CREATE ROLE orders_app LOGIN PASSWORD 'p'",
        "CREATE ROLE plain LOGIN PASSWORD 'p'",
    ):
        admin.execute(raw(text))
    servers.admin("main", "shop").execute(raw(SHOP))
    servers.login("main", "shop", "orders_app", "p").execute(raw("SET application_name = ''"))
    return server


def document(said: Said) -> dict[str, object]:
    found = said.document()
    Draft202012Validator(document_schema("discover")).validate(found)
    return found


def names(found: object) -> list[str]:
    assert isinstance(found, list)
    return [str(one["name"]) for one in found]


def test_a_server_alone(shop: Address, place: Desk) -> None:
    said = place.run("discover", "env:SHOP", "--json", env={"SHOP": url(shop)})
    assert said.status == 2, said.all
    found = document(said)
    assert names(found["databases"]) == ["shop"]
    assert "orders" in names(found["services"])
    live = found["live"]
    assert isinstance(live, dict)
    assert live["samples"] == 1
    (client,) = live["clients"]
    assert (client["service"], client["login"], client["how"], client["confidence"]) == (
        "orders",
        "orders_app",
        "login",
        0.9,
    )
    assert live["settings"]["max_connections"] == "200"
    assert "server_version" not in live["settings"]
    assert live["databases"][0]["extensions"].keys() == {"plpgsql"}
    assert live["replication"] == {"in_recovery": False, "standbys": [], "slots": [], "subscriptions": []}
    assert live["readiness"]["of"] == len(live["readiness"]["checks"])
    assert {one["code"] for one in found["findings"]} >= {"timeouts", "not_seen"}  # type: ignore[attr-defined]
    assert url(shop).split(":")[2].partition("@")[0] not in said.all


def test_a_login_without_rights_is_told_so(shop: Address, place: Desk) -> None:
    said = place.run("discover", url(shop, "plain", "p"))
    assert said.status == 2, said.all
    assert "not seen: pg_hba.conf" in said.out
    assert 'GRANT pg_monitor TO "plain";' in said.out
    assert "could be divided" in said.out or "ready:" in said.out


def test_a_repository_and_its_server(shop: Address, place: Desk) -> None:
    files = document(place.run("discover", ".", "--json"))
    assert "live" not in files
    both = document(place.run("discover", ".", "--live", "env:SHOP", "--json", env={"SHOP": url(shop)}))
    services = {str(one["name"]): one for one in both["services"]}  # type: ignore[attr-defined]
    # the login orders_app is the service orders-service of the compose file
    assert "orders" not in services
    places = {item["file"] for item in services["orders-service"]["evidence"]}
    assert places == {"compose.yaml", ""}
    assert both["recommendation"]["layout"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--live", "env:NOWHERE"), 'the variable "NOWHERE" is not set'),
        (("--live", "mysql://x/y"), "leads to no server"),
        (("--live", "postgresql://a@127.0.0.1:1/x"), "connection"),
        (("--window", "soon", "--live", "postgresql://a@b/c"), "write a number"),
    ],
)
def test_what_leads_nowhere_is_said(words: tuple[str, ...], message: str, place: Desk) -> None:
    said = place.run("discover", ".", *words)
    assert said.status in (1, 3), said.all
    assert message in said.err
    assert "Traceback" not in said.err
