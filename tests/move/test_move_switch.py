"""A service is switched to its new home and back while clients write: nothing is lost, nothing is there twice."""

from __future__ import annotations

import pytest

from freehold.move.model import SOURCE, TARGET
from freehold.move.run.switching import Limits, switch
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.switching import MOVE, Clients, NoPool, followed, prepared

LIMITS = Limits(pause_ms=20_000, lock_ms=300, lag_ms=2_000)
pytestmark = pytest.mark.real

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigint PRIMARY KEY, line bigint GENERATED ALWAYS AS IDENTITY, note text);
CREATE TABLE shop.log (at timestamptz DEFAULT now(), order_id bigint);
CREATE TABLE shop.part (id int, at date, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
CREATE TABLE shop.part1 PARTITION OF shop.part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""
ROWS = (
    "INSERT INTO shop.orders (id, note) SELECT n, 'note ' || n FROM generate_series(1, 20000) n;"
    "INSERT INTO shop.log (order_id) SELECT n FROM generate_series(1, 5000) n;"
    "INSERT INTO shop.part SELECT n, '2026-03-01' FROM generate_series(1, 500) n"
)


def test_a_switch_and_back_under_writers_loses_nothing(servers: TidyServers) -> None:
    prepared(servers, MOVE, SHOP)
    source = servers.admin("main", "old_home")
    source.execute(raw(ROWS))
    clients = Clients(
        servers,
        MOVE,
        "INSERT INTO shop.orders (id, note) VALUES ({number}, 'live');"
        "INSERT INTO shop.log (order_id) VALUES ({number})",
    )
    with clients.writing(3):
        on = followed(servers, MOVE)
        traffic = NoPool()
        first = switch(on, MOVE, SOURCE, 1, traffic, LIMITS)
        assert traffic.side == TARGET
        back = switch(on, MOVE, TARGET, 2, traffic, LIMITS)
        again = switch(on, MOVE, SOURCE, 3, traffic, LIMITS)
    print(first, back, again, len(clients.confirmed), clients.refused)

    target = servers.admin("main", "new_home")
    there = {row[0] for row in target.query(raw("SELECT id FROM shop.orders WHERE id >= 1000000"))}
    logged = [row[0] for row in target.query(raw("SELECT order_id FROM shop.log WHERE order_id >= 1000000"))]
    assert there == clients.confirmed
    assert sorted(logged) == sorted(clients.confirmed)
    lines = target.query(raw("SELECT count(*), count(DISTINCT line), max(line) FROM shop.orders"))[0]
    assert lines[0] == lines[1]
    assert target.query(raw("SELECT count(*) FROM shop.part"))[0][0] == 500
    assert clients.refused > 0
