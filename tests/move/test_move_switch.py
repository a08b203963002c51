"""A service is switched to its new home and back while clients write: nothing is lost, nothing is there twice."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from freehold.cli.watching import GRACE_MS
from freehold.errors import ServerError
from freehold.move.events import Event, KeyUnchecked, PauseEnded
from freehold.move.model import SOURCE, TARGET
from freehold.move.run import switching
from freehold.move.run.healing import standings
from freehold.move.run.notnow import NotNow
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


KEYED = """
CREATE SCHEMA shop; CREATE SCHEMA others;
CREATE TABLE others.customer (id int PRIMARY KEY); INSERT INTO others.customer VALUES (1);
CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer int{});
"""
KEY = "SELECT convalidated FROM pg_constraint WHERE conname = 'orders_customer_fkey'"


def test_rows_that_break_a_key_across_the_edge_keep_no_service_from_coming_back(servers: TidyServers) -> None:
    """Where the service lives alone nothing checks the key: it comes back for new rows, and the old ones are told."""
    prepared(servers, MOVE, KEYED.format(" REFERENCES others.customer"), KEYED.format(""))
    source, target = servers.admin("main", "old_home"), servers.admin("main", "new_home")
    told: list[Event] = []
    on = replace(followed(servers, MOVE), events=lambda attempt, event: told.append(event))
    assert switch(on, MOVE, SOURCE, 1, NoPool(), LIMITS).unchecked == ()
    assert source.query(raw(KEY)) == []
    target.execute(raw("INSERT INTO shop.orders VALUES (1, 99)"))

    took = switch(on, MOVE, TARGET, 2, NoPool(), LIMITS)
    assert took.unchecked == ('"shop"."orders" "orders_customer_fkey"',)
    assert [type(one) for one in told].count(KeyUnchecked) == 1
    assert source.query(raw(KEY)) == [(False,)]
    with pytest.raises(ServerError) as refused:
        source.execute(raw("INSERT INTO shop.orders VALUES (2, 99)"))
    assert refused.value.sqlstate == "23503"
    source.execute(raw("INSERT INTO shop.orders VALUES (3, 1)"))

    # there and back again, with the row mended meanwhile
    switch(on, MOVE, SOURCE, 3, NoPool(), LIMITS)
    target.execute(raw("UPDATE shop.orders SET customer = 1"))
    assert switch(on, MOVE, TARGET, 4, NoPool(), LIMITS).unchecked == ()
    assert source.query(raw(KEY)) == [(True,)]
    assert source.query(raw("SELECT id, customer FROM shop.orders ORDER BY id")) == [(1, 1), (3, 1)]


@pytest.mark.parametrize(
    ("side", "why"), [(SOURCE, "holds tables that must be locked"), (TARGET, "the pause took too")]
)
def test_an_attempt_ends_within_the_pause_whichever_side_is_held(servers: TidyServers, side: str, why: str) -> None:
    """One lock may be waited for longer than the pause: what closes a home, and what opens one, ends all the same."""
    prepared(servers, MOVE, SHOP)
    paused: list[float] = []
    on = replace(
        followed(servers, MOVE),
        events=lambda attempt, event: paused.append(event.ms) if isinstance(event, PauseEnded) else None,
    )
    holder = servers.admin("main", MOVE.place(side).database)
    holder.execute(raw("BEGIN; LOCK TABLE shop.orders IN ROW EXCLUSIVE MODE"))
    limits = Limits(pause_ms=1_500, lock_ms=600_000, lag_ms=5_000, tries=2, retry_ms=1.0)
    with pytest.raises(NotNow, match=why):
        switch(on, MOVE, SOURCE, 1, NoPool(), limits)
    assert len(paused) == 2
    assert max(paused) < limits.pause_ms + GRACE_MS, "its watchdog would have ended the process"
    print(f"paused {paused} ms")
    assert {side for side, one in standings(on, MOVE).items() if one.open} == {SOURCE}
    servers.admin("main", MOVE.source.database).execute(raw("INSERT INTO shop.orders (id) VALUES (-1)"))
    holder.execute(raw("COMMIT"))
    assert switch(on, MOVE, SOURCE, 1, NoPool(), LIMITS).tries == 1


def test_who_holds_the_other_end_of_a_key_keeps_nobody_waiting_when_an_attempt_is_given_up(
    servers: TidyServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(servers, MOVE, KEYED.format(" REFERENCES others.customer"), KEYED.format(""))
    source, holder = servers.admin("main", "old_home"), servers.admin("main", "old_home")
    on = followed(servers, MOVE)
    begun = threading.Event()

    def given_up(*_: object) -> None:
        holder.execute(raw("BEGIN; INSERT INTO others.customer VALUES (2)"))
        begun.set()
        raise switching.NotNow("as if the other side had not caught up")

    class Seen(NoPool):
        def release(self) -> None:
            # the key is away, and who holds its other end is still at it
            away.append((source.query(raw(KEY)), begun.is_set() and not ended.is_set()))
            threading.Timer(0.5, end).start()
            super().release()

    def end() -> None:
        ended.set()
        holder.execute(raw("COMMIT"))

    away: list[tuple[object, bool]] = []
    ended = threading.Event()
    monkeypatch.setattr(switching, "_drain", given_up)
    with pytest.raises(switching.NotNow, match="as if"):
        switch(on, MOVE, SOURCE, 1, Seen(), replace(LIMITS, tries=1))
    assert away == [([], True)]
    assert source.query(raw(KEY)) == [(True,)]
    source.execute(raw("INSERT INTO shop.orders VALUES (1, 2)"))


def test_a_key_that_must_look_at_rows_and_finds_one_that_breaks_it_is_told(
    servers: TidyServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of a partitioned table comes back with a look at its rows. While it was away, the other end of one went."""
    parts = (
        "CREATE SCHEMA shop; CREATE SCHEMA others; CREATE TABLE others.customer (id int PRIMARY KEY);"
        "INSERT INTO others.customer VALUES (1); CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer int{})"
        " PARTITION BY RANGE (id); CREATE TABLE shop.part PARTITION OF shop.orders DEFAULT;"
        " INSERT INTO shop.orders VALUES (1, 1)"
    )
    prepared(servers, MOVE, parts.format(" REFERENCES others.customer"), parts.format("").rpartition(";")[0])
    source, holder = servers.admin("main", "old_home"), servers.admin("main", "old_home")
    told: list[Event] = []
    on = replace(followed(servers, MOVE), events=lambda attempt, event: told.append(event))

    def given_up(*_: object) -> None:
        holder.execute(raw("BEGIN; DELETE FROM others.customer"))
        threading.Timer(0.5, lambda: holder.execute(raw("COMMIT"))).start()
        raise switching.NotNow("as if the other side had not caught up")

    monkeypatch.setattr(switching, "_drain", given_up)
    with pytest.raises(switching.NotNow, match="as if"):
        switch(on, MOVE, SOURCE, 1, NoPool(), replace(LIMITS, tries=1))
    assert [one.key for one in told if isinstance(one, KeyUnchecked)] == ['"shop"."orders" "orders_customer_fkey"']
    source.execute(raw("INSERT INTO shop.orders VALUES (2, 1)"))
