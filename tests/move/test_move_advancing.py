"""Rights to advance sequences are gone at the home that is closed, whoever gave them, and the same once it is open."""

from __future__ import annotations

import pytest

from freehold.errors import ServerError
from freehold.move import advancing, fence
from freehold.move.advancing import SequenceGrant
from freehold.move.machine import Phase
from freehold.move.model import SOURCE, TARGET
from freehold.move.run.arming import arm
from freehold.move.run.healing import reopen
from freehold.move.run.switching import Limits, switch
from freehold.pg.session import PgSession
from freehold.spec.model import TableName
from freehold.sqltext import ident, raw
from support.clusters import TidyServers
from support.switching import MOVE, NoPool, followed, prepared

pytestmark = pytest.mark.real
LIMITS = Limits(pause_ms=20_000, lag_ms=5_000)
ROLES = ("holder", "app", "bob", "c'ar\"ol", "lost")
SHOP = """
CREATE SCHEMA shop AUTHORIZATION holder; GRANT USAGE ON SCHEMA shop TO app, bob, "c'ar""ol", lost;
SET ROLE holder;
CREATE TABLE shop.orders (id bigint PRIMARY KEY, line serial);
CREATE SEQUENCE shop."s 1"; CREATE SEQUENCE shop.untouched; CREATE SEQUENCE shop.taken;
REVOKE USAGE ON SEQUENCE shop.taken FROM holder;
CREATE FUNCTION shop.drawn() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$SELECT nextval('shop.untouched')$$;
GRANT ALL ON SEQUENCE shop."s 1" TO app WITH GRANT OPTION; GRANT USAGE ON SEQUENCE shop."s 1" TO bob;
GRANT USAGE ON SEQUENCE shop."s 1" TO lost WITH GRANT OPTION; GRANT SELECT ON SEQUENCE shop."s 1" TO PUBLIC;
SET ROLE app;
GRANT USAGE ON SEQUENCE shop."s 1" TO bob WITH GRANT OPTION; GRANT UPDATE ON SEQUENCE shop."s 1" TO PUBLIC;
SET ROLE bob; GRANT USAGE ON SEQUENCE shop."s 1" TO "c'ar""ol" WITH GRANT OPTION;
SET ROLE "c'ar""ol"; GRANT USAGE ON SEQUENCE shop."s 1" TO lost;
SET ROLE lost; GRANT USAGE ON SEQUENCE shop."s 1" TO app;
RESET ROLE; REVOKE USAGE ON SCHEMA shop FROM lost
"""
HELD = """
SELECT c.relname, a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable
FROM pg_class AS c CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('s', c.relowner))) AS a
WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'S' ORDER BY 1, 2, 3, 4
"""
ADVANCE = {"USAGE", "UPDATE"}


def held(session: PgSession) -> list[tuple[object, ...]]:
    return session.query(raw(HELD)) + session.query(raw("SELECT nspacl::text FROM pg_namespace WHERE nspname = 'shop'"))


def drawn(session: PgSession, role: str, what: str) -> str:
    """The SQLSTATE of what a role is told that draws a number."""
    try:
        with session.transaction():
            session.execute(raw(f"SET LOCAL ROLE {ident(role)}"))
            session.query(raw(f"SELECT {what}"))
    except ServerError as error:
        return error.sqlstate
    return ""


@pytest.fixture
def homes(servers: TidyServers) -> tuple[PgSession, PgSession]:
    admin = servers.admin("main")
    for role in ROLES:
        admin.execute(raw(f"CREATE ROLE {ident(role)}"))
    prepared(servers, MOVE, SHOP)
    return servers.admin("main", MOVE.source.database), servers.admin("main", MOVE.target.database)


def test_who_may_advance_a_sequence_may_it_where_the_service_lives(
    servers: TidyServers, homes: tuple[PgSession, PgSession]
) -> None:
    source, target = homes
    before = held(source)
    assert held(target) == before
    assert sum(row[3] in ADVANCE for row in before[:-1]) > 10
    on = followed(servers, MOVE)
    for number, closed, opened, side in (
        (1, source, target, SOURCE), (2, target, source, TARGET), (3, source, target, SOURCE)
    ):  # fmt: skip
        assert drawn(closed, "app", "nextval('shop.\"s 1\"')") == ""
        switch(on, MOVE, side, number, NoPool(), LIMITS)
        assert held(opened) == before
        assert [row for row in held(closed)[:-1] if row[3] in ADVANCE] == []
        assert [row for row in held(closed)[:-1] if row[3] == "SELECT"] == [r for r in before[:-1] if r[3] == "SELECT"]
        for role in ROLES:
            assert drawn(closed, role, "nextval('shop.\"s 1\"')") == "42501"
        assert drawn(closed, "holder", "nextval('shop.untouched')") == "42501"
        assert drawn(closed, "holder", "shop.drawn()") == "42501"
        assert drawn(opened, "holder", "shop.drawn()") == ""


def test_an_attempt_that_is_given_up_leaves_the_rights_as_they_were(
    servers: TidyServers, homes: tuple[PgSession, PgSession]
) -> None:
    source, _ = homes
    before = held(source)
    on = followed(servers, MOVE)
    for number in (1, 2):
        armed = arm(on, MOVE, SOURCE, 1)
        with on.session(MOVE.source) as session:
            session.execute(
                fence.fence(
                    MOVE, armed.near, armed.grants, armed.near.crossing_keys, "cut:1", armed.attempt, Phase.FENCED, 300
                )
            )
            assert [row for row in held(source)[:-1] if row[3] in ADVANCE] == []
        reopen(on, MOVE, SOURCE, armed.attempt)
        assert held(source) == before, number


def test_a_role_that_is_gone_keeps_no_home_closed(servers: TidyServers, homes: tuple[PgSession, PgSession]) -> None:
    """Its own rights are gone with it; what it had passed on, the owner gives."""
    source, _ = homes
    before = held(source)
    on = followed(servers, MOVE)
    armed = arm(on, MOVE, SOURCE, 1)
    with on.session(MOVE.source) as session:
        session.execute(fence.fence(MOVE, armed.near, armed.grants, (), "cut:1", armed.attempt, Phase.FENCED, 300))
        session.execute(raw("REVOKE ALL ON SCHEMA shop FROM bob"))
    gone = "SET freehold.moving = 'on'; REVOKE ALL ON SEQUENCE shop.\"s 1\" FROM app CASCADE; DROP OWNED BY bob"
    servers.admin("main", MOVE.target.database).execute(raw(gone))
    source.execute(raw("SET freehold.moving = 'on'; DROP OWNED BY bob; DROP ROLE bob"))
    reopen(on, MOVE, SOURCE, armed.attempt)
    wanted = {
        (name, "holder" if by == "bob" else by, who, what, may)
        for name, by, who, what, may in before[:-1]
        if who != "bob"
    }
    assert set(held(source)[:-1]) == wanted


def test_a_right_comes_after_what_it_was_passed_on_from() -> None:
    rows = [
        ("s", "q", "c", "USAGE", False, "b", False),
        ("s", "q", "b", "USAGE", True, "a", False),
        ("s", "q", "b", "UPDATE", False, "o", True),
        ("s", "q", "a", "USAGE", True, "o", True),
    ]
    found = advancing.grants(rows)
    assert [(one.grantee, one.privilege, one.depth) for one in found] == [
        ("b", "UPDATE", 0), ("a", "USAGE", 0), ("b", "USAGE", 1), ("c", "USAGE", 2)
    ]  # fmt: skip
    assert found[1] == SequenceGrant(TableName("s", "q"), "a", "USAGE", True, "o", 0)
    with pytest.raises(AssertionError):
        advancing.grants(rows[:1])
