"""A move leaves every table the replica identity that its owner gave it, and a comparison knows it from its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from freehold.move.model import SOURCE, TARGET
from freehold.move.run.alike import alike
from freehold.move.run.retiring import abort, complete
from freehold.move.run.switching import Limits, switch
from freehold.move.run.world import World
from freehold.pg.session import PgSession
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.switching import MOVE, NoPool, followed, prepared

pytestmark = pytest.mark.real
LIMITS = Limits(pause_ms=20_000, lag_ms=5_000)
SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.keyed (id int PRIMARY KEY, n int);
CREATE TABLE shop.keyed_nothing (id int PRIMARY KEY, n int); ALTER TABLE shop.keyed_nothing REPLICA IDENTITY NOTHING;
CREATE TABLE shop.keyed_full (id int PRIMARY KEY, n int); ALTER TABLE shop.keyed_full REPLICA IDENTITY FULL;
CREATE TABLE shop."o'dd one" (n int);
CREATE TABLE shop.bare_nothing (n int); ALTER TABLE shop.bare_nothing REPLICA IDENTITY NOTHING;
CREATE TABLE shop.bare_full (n int); ALTER TABLE shop.bare_full REPLICA IDENTITY FULL;
CREATE TABLE shop.by_index (id int NOT NULL UNIQUE, n int);
ALTER TABLE shop.by_index REPLICA IDENTITY USING INDEX by_index_id_key;
CREATE TABLE shop.keyed_by_index (id int PRIMARY KEY, m int NOT NULL UNIQUE);
ALTER TABLE shop.keyed_by_index REPLICA IDENTITY USING INDEX keyed_by_index_m_key;
"""
PUBLISHED = "CREATE PUBLICATION own FOR TABLE shop.bare_full; INSERT INTO shop.bare_full VALUES (1)"


def identities(session: PgSession) -> list[tuple[object, ...]]:
    return session.query(
        raw(
            "SELECT c.relname, c.relreplident::text, (SELECT x.relname FROM pg_index AS i JOIN pg_class AS x"
            " ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident) FROM pg_class AS c"
            " WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY 1"
        )
    )


def gone_back(on: World) -> None:
    switch(on, MOVE, SOURCE, 1, NoPool(), LIMITS)
    switch(on, MOVE, TARGET, 2, NoPool(), LIMITS)
    abort(on, MOVE, made_database=False)


def there(on: World) -> None:
    switch(on, MOVE, SOURCE, 1, NoPool(), LIMITS)
    complete(on, MOVE)


@pytest.mark.parametrize(
    ("way", "side"),
    [(lambda on: abort(on, MOVE, made_database=False), SOURCE), (gone_back, SOURCE), (there, TARGET)],
    ids=["aborted", "rolled back and aborted", "completed"],
)
def test_what_a_table_had_before_the_move_it_has_afterwards(
    servers: TidyServers, way: Callable[[World], None], side: str
) -> None:
    prepared(servers, MOVE, SHOP)
    source = servers.admin("main", MOVE.source.database)
    source.execute(raw(PUBLISHED))
    before = identities(source)
    on = followed(servers, MOVE)
    changed = {"keyed_nothing", "bare_nothing", "o'dd one"}
    assert {str(now[0]) for was, now in zip(before, identities(source), strict=True) if was != now} == changed
    way(on)
    for place in (MOVE.source, MOVE.target):
        assert servers.admin("main", place.database).query(raw("SELECT name FROM freehold.move_kept")) == []
    session = servers.admin("main", MOVE.place(side).database)
    assert identities(session) == before
    session.execute(raw("UPDATE shop.bare_full SET n = 2"))  # refused where a published table lost its identity


def told(on: World) -> list[str]:
    return [one.name for one in alike(on, MOVE) if one.aspect == "replica identity"]


def test_an_identity_that_the_move_gave_is_no_difference_and_a_real_one_is(servers: TidyServers) -> None:
    prepared(servers, MOVE, SHOP)
    on = followed(servers, MOVE)
    assert told(on) == []
    mover = servers.admin("main", MOVE.target.database)
    mover.execute(raw("SET freehold.moving = 'on'"))
    for table, is_, was in (("bare_full", "DEFAULT", "FULL"), ('"o\'dd one"', "FULL", "DEFAULT")):
        mover.execute(raw(f"ALTER TABLE shop.{table} REPLICA IDENTITY {is_}"))
        assert told(on) == [f"shop.{table}"]
        mover.execute(raw(f"ALTER TABLE shop.{table} REPLICA IDENTITY {was}"))
    switch(on, MOVE, SOURCE, 1, NoPool(), LIMITS)
    assert told(on) == []
