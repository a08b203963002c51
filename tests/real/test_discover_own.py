"""What discovery sees on a server that Freehold made is what the declaration says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clusters import DEBIAN_15, VERSIONS
from support.command import Desk, desk

TABLES = {
    "orders": (
        "CREATE TABLE orders.orders (id int PRIMARY KEY); CREATE TABLE orders.line (o int REFERENCES orders.orders);"
    ),
    "users": "CREATE TABLE users.profile (id int PRIMARY KEY); CREATE TABLE audit.event (id int);",
    "mail-out": "CREATE TABLE mail_out.message (id int);",
}


def declaration(layout: str, version: int) -> str:
    server = "embedded" if version == 18 else f"{{binaries: {DEBIAN_15}}}"
    return f"""\
platform: shop
layout: {layout}
server: {server}
services:
  orders: {{migrations: m/orders, reads: [users.profile]}}
  users: {{schemas: [users, audit], migrations: m/users, publishes: [users.profile]}}
  mail-out: {{migrations: m/mail-out}}
"""


@pytest.fixture(
    params=[("database-per-service", 18), ("schema-per-service", 15), ("instance-per-service", 18)], ids=str
)
def made(request: pytest.FixtureRequest) -> Iterator[tuple[Desk, str]]:
    layout, version = request.param
    if version not in VERSIONS:
        version = 18
    with desk() as found:
        for service, text in TABLES.items():
            folder = found.folder / "m" / service
            folder.mkdir(parents=True)
            (folder / "001_tables.sql").write_text(text, encoding="utf-8")
        Path(found.folder / "freehold.yaml").write_text(declaration(layout, version), encoding="utf-8")
        said = found.run("up")
        assert said.status == 0, said.all
        yield found, layout


def test_a_platform_is_seen_as_it_was_declared(made: tuple[Desk, str]) -> None:
    place, layout = made
    apart = layout == "instance-per-service"
    services: dict[str, tuple[list[str], list[str]]] = {}
    reads: set[tuple[str, ...]] = set()
    codes: set[str] = set()
    for instance in ("orders", "users", "mail-out") if apart else ("main",):
        url = place.run("url", "--admin", instance).out.strip()
        said = place.run("discover", "env:SERVER", "--json", env={"SERVER": url})
        found = said.document()
        for one in found["services"]:  # type: ignore[attr-defined]
            services[one["name"]] = (one["schemas"], one["tables"])
        codes |= {one["code"] for one in found["findings"]}  # type: ignore[attr-defined]
        recommendation = found["recommendation"]
        assert isinstance(recommendation, dict)
        reads |= {tuple(score["evidence"][0]["text"].split('"')[1:4:2]) for score in recommendation["scores"]
                  if score["criterion"] == "coupling_cut" and score["evidence"]}  # fmt: skip
    assert services == {
        "orders": (["orders"], ["orders.line", "orders.orders"]),
        "users": (["audit", "users"], ["audit.event", "users.profile"]),
        "mail_out": (["mail_out"], ["mail_out.message"]),
    }
    # a read across databases goes through a foreign table, which is seen; inside one database it is only a grant
    assert reads == ({("users", "profile")} if layout == "database-per-service" else set())
    assert not codes & {"shared_login", "superuser_login", "connect_open_to_all", "writable_by_all", "open_definer"}
