"""What lies around the objects of a service (settings of its logins and more) arrives, or is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from freehold.finding import Finding
from freehold.layouts.model import ServiceRoles
from freehold.move.model import Move, Side
from freehold.move.run.alike import alike
from freehold.move.run.around import carry
from freehold.move.run.look import look
from freehold.move.run.structure import after, before
from freehold.move.settings import apart, given
from freehold.sqltext import ident, literal, quote_ident, raw, sql
from support.clusters import VERSIONS, clean
from support.moving import NEW, ODD, OLD, READER, Clusters, Scene, scene

WAYS = [(a, b) for a in VERSIONS for b in VERSIONS if a != b or a == max(VERSIONS)]
SAME = ServiceRoles("o", "a", "r")
STAYS = Move("1", "p", "shop", "l", Side("a", "x"), Side("b", "y"), ("shop",), SAME, SAME)
CHANGES = replace(STAYS, source_roles=ServiceRoles("co", "c", "cr"))


@pytest.fixture(params=WAYS, ids=[f"{a}to{b}" for a, b in WAYS])
def one(request: pytest.FixtureRequest, clusters: Clusters) -> Scene:
    source, target = request.param
    for version in {source, target}:
        clean(clusters(version)[0])
    return scene(clusters, source, target, nasty=False)


def run(one: Scene, side: str, text: str) -> None:
    place = one.move.source if side == "a" else one.move.target
    one.servers.admin(place.instance, place.database).execute(raw(text))


def around(one: Scene) -> list[str]:
    """What is found to differ."""
    return [str(each) for each in alike(one.world, one.move)]


def carried(one: Scene) -> tuple[Finding, ...]:
    move = one.move
    source, target = (one.servers.admin(side.instance, side.database) for side in (move.source, move.target))
    return carry(source, target, move)


def settings_of(one: Scene, role: str) -> dict[str, str]:
    """What a login has of its own in the database of the new home."""
    session = one.servers.admin("b", 'n"ew')
    rows = session.query(
        raw(
            "SELECT r.rolname, s.setconfig FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole"
            " WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    )
    lines = [line for name, some in rows if name == role and isinstance(some, list) for line in some]
    return dict(line.split("=", 1) for line in lines)


def test_what_a_login_begins_a_session_with_is_the_same_at_the_new_home(one: Scene) -> None:
    app, old, new = ident(OLD.app), ident("o'ld"), ident('n"ew')
    statements = (
        sql("ALTER ROLE {} IN DATABASE {} SET work_mem = '17MB'", app, old),
        sql('ALTER ROLE {} IN DATABASE {} SET temp_tablespaces = "a b", c', app, old),
        sql("ALTER ROLE {} IN DATABASE {} SET \"my.Own\" = 'it''s, so'", app, old),
        sql("ALTER ROLE {} IN DATABASE {} SET statement_timeout = '9s'", app, old),
        sql("ALTER DATABASE {} SET random_page_cost = 1.5", old),
        sql("ALTER DATABASE {} SET work_mem = '3MB'", old),
        sql("ALTER ROLE {} IN DATABASE {} SET cpu_tuple_cost = 0.5", ident(NEW.app), new),
        sql("ALTER ROLE {} LOGIN; GRANT {} TO {}", app, ident(NEW.app), app),
    )
    for statement in statements[:-2]:
        one.servers.admin("a").execute(statement)
    for statement in statements[-2:]:
        one.servers.admin("b").execute(statement)
    told = around(one)

    carried(one)

    assert {line.split(":")[0] for line in told} >= {
        f'settings of role "{NEW.app}" in the database, {name}'
        for name in ("work_mem", "random_page_cost", "my.Own", "temp_tablespaces")
    }
    assert around(one) == []
    assert settings_of(one, NEW.app) == {
        "work_mem": "17MB",
        "temp_tablespaces": '"a b", c',
        "my.Own": "it's, so",
        "random_page_cost": "1.5",
        "cpu_tuple_cost": "0.5",
    }
    assert settings_of(one, NEW.owner) == settings_of(one, NEW.ro) == {"random_page_cost": "1.5", "work_mem": "3MB"}
    assert settings_of(one, OLD.app) == settings_of(one, NEW.app)  # who comes under the old login, at the new home
    run(one, "b", 'ALTER ROLE shop_app IN DATABASE "n""ew" SET work_mem = \'18MB\'')
    assert around(one) == [
        'settings of role "shop_app" in the database, work_mem: 17MB on the source, 18MB on the target'
    ]


def test_default_privileges_arrive_with_their_roles(one: Scene) -> None:
    app, owner, reader = (quote_ident(name) for name in (OLD.app, OLD.owner, READER))
    pass_on = " WITH GRANT OPTION"
    one.servers.admin("a").execute(raw("CREATE ROLE stranger"))
    for statement in (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA shop GRANT INSERT, UPDATE ON TABLES TO {app}{pass_on}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SEQUENCES TO {reader}, PUBLIC",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE TRIGGER ON TABLES FROM {owner}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {reader} IN SCHEMA {quote_ident(ODD)} GRANT USAGE ON TYPES TO {app}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA shop GRANT SELECT ON TABLES TO stranger",
    ):
        run(one, "a", statement)
    run(one, "b", 'ALTER DEFAULT PRIVILEGES FOR ROLE "sh""op owner" IN SCHEMA shop GRANT DELETE ON TABLES TO shop_app')
    assert around(one) != []

    told = carried(one)

    assert around(one) == []
    missing = one.majors["a"] != one.majors["b"]
    assert [(each.code, each.object) for each in told] == (
        [("move_default_left_out", 'default privileges of "sh"op owner" in schema "shop"')] if missing else []
    )
    new = quote_ident(NEW.owner)
    run(one, "b", f"SET ROLE {new}; CREATE TABLE shop.t (n serial); CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql"
        " AS 'SELECT 1'")  # fmt: skip
    ((table, sequence, function),) = one.servers.admin("b", 'n"ew').query(
        raw(
            "SELECT array_agg(g.rolname || ' ' || privilege_type || is_grantable) FILTER (WHERE relkind = 'r'),"
            " array_agg(DISTINCT coalesce(g.rolname, 'public')) FILTER (WHERE relkind = 'S'),"
            " (SELECT has_function_privilege('public', 'shop.f()', 'EXECUTE'))"
            " FROM pg_class c, aclexplode(relacl) x LEFT JOIN pg_roles g ON g.oid = x.grantee"
            " WHERE relnamespace = 'shop'::regnamespace"
        )
    )
    given = set(map(str, table)) if isinstance(table, list) else set()
    assert {"shop_app INSERTtrue", "shop_app UPDATEtrue", "shop_app SELECTfalse"} <= given
    assert not {f"{NEW.owner} TRIGGERfalse", "shop_app DELETEfalse"} & given
    assert isinstance(sequence, list)
    assert set(sequence) >= {READER, "public"}
    assert function is False


def test_comments_and_rights_on_schemas_arrive(one: Scene) -> None:
    app, odd = quote_ident(OLD.app), quote_ident(ODD)
    one.servers.admin("a").execute(raw("CREATE ROLE bob"))
    if one.majors["a"] != one.majors["b"]:
        one.servers.admin("b").execute(raw("CREATE ROLE bob"))
    run(one, "a", f"COMMENT ON SCHEMA {odd} IS E'it''s\\n'; GRANT USAGE ON SCHEMA {odd} TO bob WITH GRANT OPTION")
    run(one, "a", f"GRANT CREATE ON SCHEMA shop TO {app}; REVOKE USAGE ON SCHEMA {odd} FROM {app}")
    run(one, "b", "COMMENT ON SCHEMA shop IS 'nothing'; CREATE ROLE nobody; GRANT USAGE ON SCHEMA shop TO nobody")
    run(one, "a", "ALTER SCHEMA shop OWNER TO bob")
    inventory = look(one.world, one.move, one.move.source)

    before(one.world, one.move, inventory)
    after(one.world, one.move, inventory, 1)

    assert around(one) == []
    session = one.servers.admin("b", 'n"ew')
    rows = session.query(
        raw(
            "SELECT nspname, g.rolname, string_agg(privilege_type || is_grantable, ' ' ORDER BY privilege_type)"
            " FROM pg_namespace n, aclexplode(nspacl) x JOIN pg_roles g ON g.oid = x.grantee"
            " WHERE nspname !~ '^(pg_|info|public|ext|free)'"
            " GROUP BY 1, 2"
        )
    )
    held = {(str(schema), str(who)): str(what) for schema, who, what in rows}
    assert held == {
        ("shop", NEW.owner): "CREATEfalse USAGEfalse",
        ("shop", NEW.app): "CREATEfalse USAGEfalse",
        ("shop", "bob"): "CREATEfalse USAGEfalse",
        (ODD, NEW.owner): "CREATEfalse USAGEfalse",
        (ODD, "bob"): "USAGEtrue",
    }
    ((said,),) = session.query(sql("SELECT obj_description({}::regnamespace)", literal(odd)))
    assert said == "it's\n"


@pytest.mark.parametrize(
    ("move", "source", "target", "expected"),
    [
        # the login's own there goes before its own anywhere, that before the database's, that before everybody's
        (STAYS, {("a", False): ("x=1",), ("", True): ("x=2",)}, {("a", True): ("x=1",)}, [("o", "2"), ("r", "2")]),
        (STAYS, {}, {("a", True): ("x=1",)}, [("a", None)]),
        # what the new home gives to everybody is its own affair
        (STAYS, {}, {("", True): ("x=1",), ("", False): ("y=1",)}, []),
        (STAYS, {("a", True): ("lock_timeout=1s",)}, {("a", True): ("lock_timeout=2s",)}, [("a", "1s")]),
        (STAYS, {("a", True): ("lock_timeout=1s",)}, {("a", True): ("lock_timeout=1000ms",)}, []),
        (CHANGES, {("c", True): ("lock_timeout=1s",)}, {("a", True): ("lock_timeout=2s",)}, []),
        (CHANGES, {("c", True): ("x=1",)}, {("a", True): ("x=2", "y=3")}, [("a", "1")]),
    ],
)
def test_what_counts_is_what_a_login_gets(
    move: Move,
    source: Mapping[tuple[str, bool], tuple[str, ...]],
    target: Mapping[tuple[str, bool], tuple[str, ...]],
    expected: list[tuple[str, str | None]],
) -> None:
    assert sorted((one.role, one.source) for one in apart(move, source, target)) == sorted(expected)


def test_the_nearest_setting_wins() -> None:
    lines = {("", False): ("x=1", "y=1"), ("", True): ("x=2",), ("a", False): ("x=3",), ("a", True): ("x=4",)}
    assert given(lines, "a")["x"].value == "4"
    assert given(lines, "b")["x"].value == "2"
    assert given(lines, "b")["y"].shared
