"""The login under which one side follows the other: what it may do, and that it is gone with what it was made for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.errors import ServerError
from freehold.local.clock import SystemClock
from freehold.move.model import SOURCE, TARGET
from freehold.move.run import copying, following
from freehold.move.run.arming import guard
from freehold.move.run.look import look
from freehold.move.run.retiring import abort
from freehold.move.run.switching import Limits, switch
from freehold.move.run.world import World
from freehold.sqltext import raw
from support.clusters import PASSWORD, TidyServers
from support.switching import MOVE, NoPool, followed, prepared, world

pytestmark = pytest.mark.real
LIMITS = Limits(pause_ms=20_000, lag_ms=2_000)

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigint PRIMARY KEY, note text);
CREATE TABLE shop.secret (id bigint PRIMARY KEY, note text);
ALTER TABLE shop.secret ENABLE ROW LEVEL SECURITY; ALTER TABLE shop.secret FORCE ROW LEVEL SECURITY;
"""
ROWS = (
    "INSERT INTO shop.orders SELECT n, 'x' FROM generate_series(1, 500) n; INSERT INTO shop.secret TABLE shop.orders;"
)
FORTH, BACK = "freehold_mv_0000abcd_f", "freehold_mv_0000abcd_r"
LOGINS = "SELECT rolname::text, rolsuper, rolreplication, rolbypassrls FROM pg_roles WHERE rolname LIKE 'freehold%'"


def one(servers: TidyServers, database: str, question: str) -> list[tuple[object, ...]]:
    return servers.admin("main", database).query(raw(question))


def half_copied(servers: TidyServers) -> World:
    """As a start leaves it that was killed before the second table was whole."""
    prepared(servers, MOVE, SHOP)
    servers.admin("main", "old_home").execute(raw(ROWS))
    on = world(servers)
    inventory = look(on, MOVE, MOVE.source)
    guard(on, MOVE, SOURCE, inventory, refusing=False)
    copying.copy_rows(on, MOVE, inventory, 1)
    servers.admin("main", "new_home").execute(raw("DELETE FROM freehold.move_copied WHERE \"table\" = 'secret'"))
    servers.admin("main", "new_home").execute(raw("DELETE FROM shop.secret WHERE id > 100"))
    return on


def test_a_side_is_followed_under_a_login_that_may_do_nothing_else(servers: TidyServers) -> None:
    on = followed_twice(servers)
    assert one(servers, "old_home", LOGINS) == [(BACK, False, True, False)]
    (((told,),)) = one(servers, "old_home", "SELECT subconninfo FROM pg_subscription")
    assert f"user='{BACK}'" in str(told)
    assert PASSWORD not in str(told)
    assert one(servers, "old_home", "SELECT seen ->> 'login_f' FROM freehold.move") == [(FORTH,)]
    assert one(servers, "new_home", "SELECT seen ->> 'login_r' FROM freehold.move") == [(BACK,)]
    for question in ("TABLE shop.orders", "TABLE freehold.move", "INSERT INTO shop.orders VALUES (0, '')"):
        with pytest.raises(ServerError, match="permission denied"):
            one(servers, "new_home", f"SET ROLE {BACK}; {question}")
    switch(on, MOVE, TARGET, 2, NoPool(), LIMITS)
    abort(on, MOVE, made_database=True)
    assert one(servers, "old_home", LOGINS) == []


def followed_twice(servers: TidyServers) -> World:
    prepared(servers, MOVE, SHOP)
    on = followed(servers, MOVE)
    assert one(servers, "old_home", LOGINS) == [(FORTH, False, True, False)]
    switch(on, MOVE, SOURCE, 1, NoPool(), LIMITS)
    return on


def test_what_a_killed_copy_left_is_copied_whole_whatever_policies_say(servers: TidyServers) -> None:
    on = half_copied(servers)
    following.begin(on, MOVE, look(on, MOVE, MOVE.source))
    assert one(servers, "new_home", "SELECT count(*), max(id) FROM shop.secret") == [(500, 500)]
    assert one(servers, "old_home", LOGINS) == [(FORTH, False, True, False)]
    assert one(servers, "old_home", f"SELECT has_table_privilege('{FORTH}', 'shop.secret', 'SELECT')") == [(False,)]


class Impatient(SystemClock):
    """Gives up instead of waiting."""

    waited = 0

    def sleep_ms(self, ms: float) -> None:
        self.waited += 1
        if self.waited > 20:
            raise TimeoutError
        super().sleep_ms(ms)


def test_without_the_right_to_read_nothing_would_be_copied(
    servers: TidyServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = half_copied(servers)
    monkeypatch.setattr("freehold.move.follower.may_read", lambda *words: raw("SELECT 1"))
    with pytest.raises(TimeoutError):
        following.begin(replace(on, clock=Impatient()), MOVE, look(on, MOVE, MOVE.source))
    assert one(servers, "new_home", "SELECT count(*) FROM shop.secret") == [(0,)]
