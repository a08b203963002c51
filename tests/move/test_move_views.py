"""What materialized views hold is right at the home that a service is switched to, whenever it was refreshed."""

from __future__ import annotations

import pytest

from freehold.errors import FreeholdError
from freehold.move.model import SOURCE, TARGET
from freehold.move.run import following
from freehold.move.run.alike import alike
from freehold.move.run.switching import Limits, switch
from freehold.move.run.views import held, refresh, refresh_late
from freehold.move.views import Held, refreshed
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.switching import MOVE, NoPool, followed, prepared

LIMITS = Limits(pause_ms=20_000, lock_ms=300, lag_ms=2_000)

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigint PRIMARY KEY, v text);
INSERT INTO shop.orders SELECT n, 'a' FROM generate_series(1, 3) n;
CREATE MATERIALIZED VIEW shop.z AS SELECT v.*, v.v AS "select" FROM shop.orders v;
CREATE UNIQUE INDEX z_id ON shop.z (id);
CREATE VIEW shop."b v" AS SELECT count(*) AS n FROM shop.z;
CREATE MATERIALIZED VIEW shop."a ""x" AS SELECT n FROM shop."b v";
CREATE MATERIALIZED VIEW shop.clock AS SELECT clock_timestamp() AS at;
CREATE MATERIALIZED VIEW shop.empty AS SELECT 1 AS n WITH NO DATA;
CREATE MATERIALIZED VIEW shop.was AS SELECT id FROM shop.orders;
"""
TARGET_SHOP = SHOP.replace("INSERT INTO shop.orders SELECT n, 'a' FROM generate_series(1, 3) n;", "")


def read(servers: TidyServers, home: str, query: str) -> list[object]:
    return [row[0] for row in servers.admin("main", home).query(raw(query))]


def run(servers: TidyServers, home: str, *statements: str) -> None:
    for statement in statements:
        servers.admin("main", home).execute(raw(statement))


@pytest.mark.real
def test_views_are_right_after_a_switch_and_back(servers: TidyServers) -> None:
    prepared(servers, MOVE, SHOP, TARGET_SHOP)
    on, traffic = followed(servers, MOVE), NoPool()
    # what is refreshed while the service is followed is allowed, and reaches no stream
    run(servers, "old_home", "INSERT INTO shop.orders VALUES (4, 'b')", "REFRESH MATERIALIZED VIEW CONCURRENTLY shop.z")
    run(servers, "old_home", 'REFRESH MATERIALIZED VIEW shop."a ""x"', "REFRESH MATERIALIZED VIEW shop.empty")
    run(servers, "old_home", "REFRESH MATERIALIZED VIEW shop.was WITH NO DATA")
    assert read(servers, "new_home", "SELECT count(*) FROM shop.z") == [0]

    switch(on, MOVE, SOURCE, 1, traffic, LIMITS)

    assert read(servers, "new_home", "SELECT id FROM shop.z ORDER BY id") == [1, 2, 3, 4]
    assert read(servers, "new_home", 'SELECT n FROM shop."a ""x"') == [4]
    assert read(servers, "new_home", "SELECT n FROM shop.empty") == [1]
    assert read(servers, "new_home", "SELECT relname FROM pg_class WHERE relkind = 'm' AND NOT relispopulated") == [
        "was"
    ]
    run(servers, "new_home", "DELETE FROM shop.orders WHERE id < 3", "REFRESH MATERIALIZED VIEW shop.z")

    switch(on, MOVE, TARGET, 2, traffic, LIMITS)

    assert read(servers, "old_home", "SELECT id FROM shop.z ORDER BY id") == [3, 4]
    assert read(servers, "old_home", 'SELECT n FROM shop."a ""x"') == [4]  # as it was where the service lived


@pytest.mark.real
def test_what_is_refreshed_in_the_last_moment_is_refreshed_once_more(servers: TidyServers) -> None:
    prepared(servers, MOVE, SHOP, TARGET_SHOP)
    on = followed(servers, MOVE)
    seen = refresh(on, MOVE, SOURCE)
    files = held(servers.admin("main", "new_home"), MOVE)
    for refreshing in ("REFRESH MATERIALIZED VIEW shop.was", "REFRESH MATERIALIZED VIEW CONCURRENTLY shop.z"):
        run(servers, "old_home", "INSERT INTO shop.orders SELECT max(id) + 1 FROM shop.orders", refreshing)
    following.caught_up(on, MOVE, SOURCE, 2_000)

    refresh_late(on, MOVE, SOURCE, seen)

    assert read(servers, "new_home", "SELECT max(id) FROM shop.was") == [5]
    assert read(servers, "new_home", "SELECT max(id) FROM shop.z") == [5]
    then = held(servers.admin("main", "new_home"), MOVE)
    assert {name for name in then if then[name] != files[name]} == {"shop.was", "shop.z"}


@pytest.mark.real
def test_a_view_that_cannot_be_refreshed_is_named_before_anybody_waits(servers: TidyServers) -> None:
    broken = SHOP + "CREATE MATERIALIZED VIEW shop.broken AS SELECT 1 / (4 - max(id)) AS n FROM shop.orders"
    prepared(
        servers, MOVE, broken, broken.replace("INSERT INTO shop.orders SELECT n, 'a' FROM generate_series(1, 3) n;", "")
    )
    on, traffic = followed(servers, MOVE), NoPool()
    run(servers, "old_home", "INSERT INTO shop.orders VALUES (4, 'b')")

    with pytest.raises(FreeholdError, match=r"view shop\.broken cannot be refreshed .*division by zero") as told:
        switch(on, MOVE, SOURCE, 1, traffic, LIMITS)

    assert "hold" not in traffic.calls
    assert told.value.hint is not None
    run(servers, "old_home", "REFRESH MATERIALIZED VIEW shop.broken WITH NO DATA")
    switch(on, MOVE, SOURCE, 1, traffic, LIMITS)
    assert traffic.side == TARGET


def test_only_what_differs_is_refreshed_and_in_order() -> None:
    one, other, empty = Held(True, "1", "2", "3"), Held(True, "9", "2", "4"), Held(False, "5")
    same_elsewhere = Held(True, "7", "2", "3")
    have = {"b": other, "a": other, "c": same_elsewhere, "d": one, "e": empty, "f": other}
    told = refreshed({"a": one, "b": one, "c": one, "d": empty, "e": Held(False, "6")}, have)
    assert [(name, statement.shown()) for name, statement in told] == [
        ("b", "REFRESH MATERIALIZED VIEW b"),
        ("a", "REFRESH MATERIALIZED VIEW a"),
        ("d", "REFRESH MATERIALIZED VIEW d WITH NO DATA"),
    ]


@pytest.mark.real
def test_an_index_that_is_built_on_its_own_during_a_move_is_refused_and_is_no_difference(servers: TidyServers) -> None:
    prepared(servers, MOVE, SHOP, TARGET_SHOP)
    on = followed(servers, MOVE)
    before = alike(on, MOVE)

    session = servers.admin("main", "old_home")
    outcome = session.attempt(raw("CREATE INDEX CONCURRENTLY late ON shop.orders (v)"))

    assert "is being moved" in outcome.message
    invalid = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
    assert read(servers, "old_home", invalid) == ["shop.late"]
    assert alike(on, MOVE) == before
