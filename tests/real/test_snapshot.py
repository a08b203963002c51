"""A snapshot shows what is there, the same way every time, to a superuser and to an ordinary role."""

from __future__ import annotations

import pytest

from freehold.errors import Unreachable
from freehold.found.model import Contents, Grant, Object, Server
from freehold.pg.acl import acl
from freehold.pg.netmask import cidr
from freehold.pg.servers import PgServers
from freehold.ports import Address
from freehold.sqltext import ident, keyword, literal, raw, sql
from support.clusters import PASSWORD, VERSIONS

HOSTILE = [
    "a.b",
    'quo"te',
    "new\nline",
    "é" * 31,
    "100%",
    "eq=ual/slash",
    "<img src=x onerror=1>",
    "back\\slash",
    "{br,ace}",
]


def look(servers: PgServers, *databases: str) -> Server:
    return servers.read(["main"], {"main": databases}).servers["main"]


def inside(servers: PgServers, database: str = "postgres") -> Contents:
    contents = look(servers, database).databases[database].contents
    assert contents is not None
    return contents


def find(contents: Contents, kind: str, name: str) -> Object:
    (found,) = [one for one in contents.objects if (one.kind, one.name) == (kind, name)]
    return found


def said(grants: frozenset[Grant]) -> set[str]:
    return {f"{one.grantee}:{one.privilege}{'*' if one.grantable else ''}" for one in grants}


def test_a_fresh_server(server: Address, servers: PgServers) -> None:
    found = look(servers, "postgres", "template0", "absent")
    assert (found.instance, found.user, found.superuser, found.reads_verifiers) == ("main", "postgres", True, True)
    assert found.maintenance_database == "postgres"
    assert found.version // 10000 in VERSIONS
    assert list(found.roles) == ["postgres"]
    assert (found.roles["postgres"].verifier or "").startswith("SCRAM-SHA-256$")
    assert found.memberships == ()
    assert list(found.databases) == ["postgres", "template0", "template1"]
    assert said(found.databases["postgres"].acl) >= {"public:CONNECT", "public:TEMPORARY", "postgres:CREATE"}
    assert found.databases["template0"].contents is None
    contents = found.databases["postgres"].contents
    assert contents is not None
    assert list(contents.schemas) == ["public"]
    assert contents.schemas["public"].owner == "pg_database_owner"
    assert contents.extensions == {"plpgsql": "1.0"}
    assert [(one.kind, one.name, one.extension) for one in contents.objects] == [("LANGUAGE", "plpgsql", "plpgsql")]
    assert not contents.has_control
    assert "pg_trgm" in found.extensions_available
    assert found.settings["listen_addresses"].value == "127.0.0.1"
    assert found.settings["work_mem"].value == "4MB"
    assert found.settings["shared_buffers"].context == "postmaster"
    assert "application_name" not in found.settings
    assert [rule.address for rule in found.hba or ()] == ["127.0.0.1/32", "::1/128"]


def test_roles_memberships_and_settings(server: Address, servers: PgServers) -> None:
    servers.admin("main").execute(
        keyword(
            "CREATE ROLE parent NOLOGIN NOINHERIT;"
            "CREATE ROLE child LOGIN CONNECTION LIMIT 7 VALID UNTIL '2031-02-03 04:05:06+00' PASSWORD 'x';"
            "GRANT parent TO child WITH ADMIN OPTION; GRANT pg_monitor TO child;"
            "ALTER ROLE child SET work_mem = '8MB'; ALTER ROLE child SET search_path = a, \"b c\";"
            "ALTER ROLE child IN DATABASE postgres SET statement_timeout = '5s';"
            "ALTER DATABASE postgres SET lock_timeout = '9s'"
        )
    )
    found = look(servers)
    child = found.roles["child"]
    assert (child.login, child.inherit, child.connection_limit, child.valid_until) == (
        True,
        True,
        7,
        "2031-02-03T04:05:06Z",
    )
    assert child.settings == (("search_path", 'a, "b c"'), ("work_mem", "8MB"))
    assert (found.roles["parent"].login, found.roles["parent"].inherit, found.roles["parent"].verifier) == (
        False,
        False,
        None,
    )
    assert [(one.role, one.member, one.admin, one.inherit, one.set) for one in found.memberships] == [
        ("parent", "child", True, True, True),
        ("pg_monitor", "child", False, True, True),
    ]
    assert found.databases["postgres"].settings == (
        ("", "lock_timeout", "9s"),
        ("child", "statement_timeout", "5s"),
    )
    if found.version >= 160000:
        servers.admin("main").execute(keyword("GRANT parent TO child WITH INHERIT FALSE, SET FALSE"))
        assert [(one.inherit, one.set) for one in look(servers).memberships if one.role == "parent"] == [(False, False)]


def test_objects_and_their_rights(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(
        raw("""
        CREATE ROLE r; CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO r WITH GRANT OPTION;
        CREATE TABLE s.t (a int PRIMARY KEY, b text, gone int); ALTER TABLE s.t DROP COLUMN gone;
        GRANT SELECT, INSERT ON s.t TO r; GRANT UPDATE (b) ON s.t TO PUBLIC;
        CREATE TABLE s.p (a int) PARTITION BY LIST (a); CREATE VIEW s.v AS SELECT 1 AS x;
        CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS x; CREATE SEQUENCE s.q; GRANT USAGE ON SEQUENCE s.q TO r;
        CREATE FUNCTION s.f(a int, OUT b int) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1';
        CREATE FUNCTION s.f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';
        REVOKE ALL ON FUNCTION s.f(text) FROM PUBLIC;
        CREATE PROCEDURE s.proc() LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE s.agg(int) (sfunc = int4pl, stype = int);
        CREATE DOMAIN s.d AS int; CREATE TYPE s.e AS ENUM ('x'); CREATE TYPE s.c AS (x int);
        CREATE EXTENSION postgres_fdw SCHEMA s; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
        GRANT USAGE ON FOREIGN SERVER far TO r;
        CREATE FOREIGN TABLE s.ft (a int) SERVER far;
        CREATE SCHEMA z; CREATE TABLE z.child (a int REFERENCES s.t, b int REFERENCES s.t);
        CREATE TABLE s.own (a int REFERENCES s.t);
        ALTER DEFAULT PRIVILEGES FOR ROLE r IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE r REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        CREATE PUBLICATION pub FOR TABLE s.t;
        SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO r;
        """)
    )
    session.execute(keyword("CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)"))
    try:
        contents = inside(servers)
    finally:
        session.execute(keyword("ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub"))
    assert said(contents.schemas["s"].acl) == {"postgres:USAGE", "postgres:CREATE", "r:USAGE*"}
    table = find(contents, "TABLE", "t")
    assert (table.columns, table.owner, table.schema) == (("a", "b"), "postgres", "s")
    assert {"r:SELECT", "r:INSERT", "postgres:TRUNCATE"} <= said(table.acl)
    assert "r:UPDATE" not in said(table.acl)
    assert [(column, said(grants)) for column, grants in table.column_acl] == [("b", {"public:UPDATE"})]
    kinds = {(one.kind, one.name) for one in contents.objects if not one.extension}
    assert kinds == {
        ("TABLE", "t"), ("TABLE", "child"), ("TABLE", "own"), ("PARTITIONED TABLE", "p"), ("VIEW", "v"),
        ("MATERIALIZED VIEW", "m"), ("SEQUENCE", "q"),
        ("FUNCTION", "f"), ("PROCEDURE", "proc"), ("AGGREGATE", "agg"), ("DOMAIN", "d"), ("TYPE", "e"), ("TYPE", "c"),
        ("FOREIGN SERVER", "far"), ("FOREIGN TABLE", "ft"), ("LARGE OBJECT", "4711"),
    }  # fmt: skip
    functions = {one.arguments: one for one in contents.objects if one.name == "f"}
    assert set(functions) == {"a integer, OUT b integer", "a text"}
    definer = functions["a integer, OUT b integer"]
    assert (definer.security_definer, definer.config) == (True, ("search_path=pg_catalog",))
    assert said(definer.acl) == {"public:EXECUTE", "postgres:EXECUTE"}
    assert said(functions["a text"].acl) == {"postgres:EXECUTE"}
    assert said(find(contents, "SEQUENCE", "q").acl) >= {"r:USAGE"}
    assert said(find(contents, "FOREIGN SERVER", "far").acl) == {"postgres:USAGE", "r:USAGE"}
    assert said(find(contents, "LARGE OBJECT", "4711").acl) == {"postgres:SELECT", "postgres:UPDATE", "r:SELECT"}
    assert said(find(contents, "DOMAIN", "d").acl) == {"public:USAGE", "postgres:USAGE"}
    assert {one.extension for one in contents.objects if one.name.startswith("postgres_fdw")} == {"postgres_fdw"}
    assert contents.foreign_keys == (("z.child", "s.t"),)
    assert [(one.owner, one.schema, one.kind, said(one.acl)) for one in contents.default_acls] == [
        ("r", "", "FUNCTIONS", {"r:EXECUTE"}),
        ("r", "s", "TABLES", {"public:SELECT"}),
    ]
    assert [(one.name, one.tables) for one in contents.publications] == [("pub", (("s", "t"),))]
    assert [(one.name, one.enabled, one.connection) for one in contents.subscriptions] == [
        ("sub", False, "host=nowhere")
    ]


def test_the_control_schema_is_left_out_and_its_ledger_read(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    assert not inside(servers).has_control
    session.execute(
        keyword(
            "CREATE SCHEMA freehold;"
            "CREATE TABLE freehold.migration (service text, name text, sha256 text, applied_at timestamptz);"
            "INSERT INTO freehold.migration VALUES ('b', '1', 'x', now()), ('a', '2', 'y', now())"
        )
    )
    contents = inside(servers)
    assert contents.has_control
    assert [(one.service, one.name, one.sha256) for one in contents.migrations] == [("a", "2", "y"), ("b", "1", "x")]
    assert list(contents.schemas) == ["public"]
    assert [one.kind for one in contents.objects] == ["LANGUAGE"]


def test_a_view_planted_as_the_ledger_is_not_run(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(
        keyword(
            "CREATE SCHEMA freehold; CREATE VIEW freehold.migration AS"
            " SELECT '' AS service, '' AS name, (1/0)::text AS sha256"
        )
    )
    assert inside(servers).migrations == ()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(server18: Address, clusters, name: str) -> None:
    servers = clusters(18)[1]
    admin = servers.admin("main")
    admin.execute(sql("CREATE ROLE {}", ident(name)))
    admin.execute(sql("CREATE DATABASE {} OWNER {}", ident(name), ident(name)))
    admin.execute(sql("ALTER ROLE {} SET search_path = {}", ident(name), ident(name)))
    session = servers.admin("main", name)
    session.execute(sql("CREATE SCHEMA {}", ident(name)))
    session.execute(sql("CREATE TABLE {} ({} int)", ident(name, name), ident(name)))
    session.execute(sql("GRANT SELECT ({}) ON {} TO {}", ident(name), ident(name, name), ident(name)))
    session.execute(sql("COMMENT ON TABLE {} IS {}", ident(name, name), literal(name)))
    session.close()
    found = look(servers, name)
    contents = found.databases[name].contents
    assert contents is not None
    table = find(contents, "TABLE", name)
    assert (table.schema, table.columns) == (name, (name,))
    assert table.column_acl == ((name, frozenset({Grant(name, "SELECT", "postgres", False)})),)
    assert found.databases[name].owner == name
    assert name in found.roles


def test_an_ordinary_role_sees_what_it_may(server: Address, servers: PgServers) -> None:
    admin = servers.admin("main")
    admin.execute(keyword("CREATE ROLE low LOGIN PASSWORD 'p'"))
    admin.execute(keyword("CREATE DATABASE shut"))
    admin.execute(keyword("REVOKE CONNECT ON DATABASE shut FROM PUBLIC"))
    low = PgServers({"main": Address("main", server.host, server.port, "low", "p", "postgres", server.options)})
    found = low.read(["main"], {"main": ["postgres", "shut"]}).servers["main"]
    assert (found.user, found.superuser, found.reads_verifiers, found.hba) == ("low", False, False, None)
    assert all(role.verifier is None for role in found.roles.values())
    assert found.databases["postgres"].contents is not None
    assert found.databases["shut"].contents is None
    assert "public:CONNECT" not in said(found.databases["shut"].acl)
    assert look(servers, "shut").databases["shut"].contents is not None
    assert {setting.configured for setting in found.settings.values()} == {None}


def test_alter_system_and_pending_restart_show(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(keyword("ALTER SYSTEM SET max_connections = 321"))
    session.execute(keyword("ALTER SYSTEM SET work_mem = '9MB'"))
    session.execute(keyword("SELECT pg_reload_conf(), pg_sleep(0.3)"))
    found = look(servers).settings
    assert (found["max_connections"].configured, found["max_connections"].pending_restart) == ("321", True)
    assert found["max_connections"].value != "321"
    assert (found["work_mem"].configured, found["work_mem"].value, found["work_mem"].pending_restart) == (
        "9MB",
        "9MB",
        False,
    )
    assert found["shared_buffers"].configured is None


def test_two_looks_are_equal_and_a_look_writes_nothing(server: Address, servers: PgServers) -> None:
    first = servers.read(["main"], {"main": ["postgres", "template1"]})
    assert repr(first) == repr(servers.read(["main"], {"main": ["template1", "postgres"]}))
    servers.admin("main").execute(keyword("CREATE TABLE public.t (a int)"))
    assert first != servers.read(["main"], {"main": ["postgres", "template1"]})  # the negative control


def test_a_planted_operator_is_not_used(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(
        keyword(
            "CREATE SCHEMA evil; CREATE FUNCTION evil.eq(name, name) RETURNS bool LANGUAGE plpgsql"
            " AS 'BEGIN RAISE EXCEPTION ''caught''; END';"
            "CREATE OPERATOR evil.= (leftarg = name, rightarg = name, function = evil.eq);"
            "ALTER DATABASE postgres SET search_path = evil, pg_catalog"
        )
    )
    client = servers.login("main", "postgres", "postgres", PASSWORD)
    assert "caught" in client.attempt(keyword("SELECT 'a'::name = 'a'::name")).message
    assert inside(servers).schemas.keys() == {"evil", "public"}


def test_an_instance_that_does_not_answer_raises(server: Address, servers: PgServers) -> None:
    gone = PgServers({**servers.addresses(), "gone": Address("gone", "127.0.0.1", 1, "postgres", "p", "postgres")})
    with pytest.raises(Unreachable, match="no server answers"):
        gone.read(["main", "gone"], {})


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("=r/postgres", {Grant("public", "SELECT", "postgres", False)}),
        ("a=r*w/b", {Grant("a", "SELECT", "b", True), Grant("a", "UPDATE", "b", False)}),
        ('"a=b/""c"=U/"x""y"', {Grant('a=b/"c', "USAGE", 'x"y', False)}),
        ("a=/b", set()),
        (
            "a=sAm/b",
            {Grant("a", "SET", "b", False), Grant("a", "ALTER SYSTEM", "b", False), Grant("a", "MAINTAIN", "b", False)},
        ),
    ],
)
def test_an_aclitem(item: str, expected: set[Grant]) -> None:
    assert acl((item,)) == expected


def test_text_that_is_no_aclitem_is_refused() -> None:
    for item in ("", "a", "a=r", '"a=r/b', 'a=r/"b"c'):
        with pytest.raises(ValueError, match=r"not an aclitem|substring not found"):
            acl((item,))


def test_netmasks() -> None:
    assert cidr("10.0.0.0", "255.0.0.0") == "10.0.0.0/8"
    assert cidr("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "::1/128"
    assert (cidr("all", ""), cidr(".example.com", "")) == ("all", ".example.com")
