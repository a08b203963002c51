"""What a service reads of another one by its own SQL, with no view in between, is there on both sides of a switch."""

from __future__ import annotations

import shutil

import pytest

from support.bank import move
from support.command import Desk, desk
from support.examples import SOAK
from support.traffic import Clients, Connection

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None, reason="PgBouncer is not installed"
    ),
]
DECLARATION = """\
platform: shop
servers: {{main: embedded}}
layout: {layout}
pooler: pgbouncer
services:
  stock: {{schemas: [stock], migrations: stock, pool: 4, publishes: [stock.item]}}
  sales: {{schemas: [sales], migrations: sales, pool: 4, reads: [{reads}]}}
"""
STOCK = "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item SELECT generate_series(1, 40)"
SALES = "CREATE TABLE sale (number bigint PRIMARY KEY, items bigint NOT NULL)"


def selling(connection: Connection, number: int) -> None:
    connection.execute(f"INSERT INTO sales.sale SELECT {number}, count(*) FROM stock.item")


def sold(found: Desk) -> list[tuple[object, ...]]:
    return found.psql(found.run("url", "sales").out.strip(), "SELECT DISTINCT items FROM sales.sale")


WAYS = [
    ("central", "database-per-service", "stock.item"),
    ("database-per-service", "schema-per-service", "stock.item"),
]
if SOAK:
    WAYS.append(("schema-per-service", "database-per-service", "{table: stock.item, via: replica}"))


@pytest.mark.parametrize(("layout", "to", "reads"), WAYS)
def test_clients_that_read_another_service_notice_nothing(layout: str, to: str, reads: str) -> None:
    with desk() as found:
        (found.folder / "freehold.yaml").write_text(DECLARATION.format(layout=layout, reads=reads))
        for name, text in (("stock", STOCK), ("sales", SALES)):
            (found.folder / name).mkdir()
            (found.folder / name / "1.sql").write_text(text)
        up = found.run("up", "--no-prove", timeout_s=300)
        assert up.status == 0, up.all
        if to == "schema-per-service":
            move(found, "start", "--to", to, "--service", "stock", "--no-backup")
            move(found, "cutover", "--verify")
        clients = Clients({"sales": (found.run("url", "sales").out.strip(), selling)})
        with clients.running(2):
            move(found, "start", "--to", to, "--service", "sales", "--no-backup")
            for action in ("cutover", "rollback", "cutover"):
                move(found, action, "--verify", "--service", "sales")
        assert clients.errors == []
        assert len(clients.confirmed["sales"]) > 20
        assert sold(found) == [(40,)]
