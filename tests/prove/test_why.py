"""Why a role may do something, and what ends it: grants, memberships of any depth, attributes, defaults."""

from __future__ import annotations

from freehold.found.model import Acl, Grant, Membership, Object, Role, Server
from freehold.prove.hostile import by_attribute, by_role
from freehold.prove.why import chain, leave, object_words, of_acl, reached, revoke, revoke_default, told
from freehold.sqltext import PUBLIC, sql


def server(*memberships: Membership, version: int = 180000, roles: tuple[Role, ...] = ()) -> Server:
    known = {name: Role(name) for name in ("a", "b", "owner", "middle")} | {role.name: role for role in roles}
    return Server("main", version, "postgres", True, True, "postgres", roles=known, memberships=memberships)


def member(role: str, of: str, **options: bool) -> Membership:
    wanted = {"admin": False, "inherit": True, "set": True} | options
    return Membership(of, role, wanted["admin"], wanted["inherit"], wanted["set"], "postgres")


TABLE = Object("TABLE", "s", 't"x', "owner")


def grants(*entries: Grant) -> Acl:
    return frozenset(entries)


def reasons(acl: Acl, where: Server, who: str = "a", *privileges: str) -> list[tuple[str, str]]:
    wanted = privileges or ("SELECT",)
    return [(g.words, g.remedy) for g in of_acl(where, who, "owner", acl, wanted, object_words(TABLE), "main/d")]


def test_a_grant_to_public_is_the_reason_for_everybody() -> None:
    acl = grants(Grant(PUBLIC, "SELECT", "owner", False), Grant("b", "SELECT", "owner", False))

    assert reasons(acl, server()) == [("SELECT is granted to PUBLIC", 'REVOKE SELECT ON TABLE "s"."t""x" FROM PUBLIC;')]
    assert reasons(acl, server(), "a", "INSERT") == []


def test_a_chain_of_any_depth_is_found_and_ended_at_its_first_link() -> None:
    where = server(member("a", "middle", inherit=False), member("middle", "b", set=False), member("b", "owner"))

    assert [edge.role for edge in chain(where, "a", "owner")] == ["middle", "b", "owner"]
    assert reached(where, "a") == {"middle", "b", "owner"}
    assert reached(where, "owner") == frozenset()
    assert reasons(grants(), where) == [
        ('membership "a" -> "middle" -> "b" -> "owner"', 'REVOKE "middle" FROM "a" GRANTED BY "postgres" CASCADE;')
    ]


def test_a_circle_of_memberships_ends() -> None:
    where = server(member("a", "b"), member("b", "a"))

    assert reached(where, "a") == {"a", "b"}
    assert chain(where, "a", "owner") == ()


def test_an_older_server_needs_no_grantor_in_the_revoke() -> None:
    assert leave(server(version=150000), member("a", "b")) == 'REVOKE "b" FROM "a" CASCADE;'


def test_a_superuser_is_its_own_reason_and_the_only_one() -> None:
    where = server(roles=(Role("a", superuser=True),))

    assert reasons(grants(Grant(PUBLIC, "SELECT", "owner", False)), where) == [
        ('role "a" is a superuser', 'ALTER ROLE "a" NOSUPERUSER;')
    ]


def test_pg_read_all_data_explains_a_read_and_not_a_write() -> None:
    where = server(member("a", "pg_read_all_data"))

    assert [words for words, _ in reasons(grants(), where)] == ['membership "a" -> "pg_read_all_data"']
    assert reasons(grants(), where, "a", "INSERT") == []


def test_a_grant_on_one_column_is_taken_back_on_that_column() -> None:
    grant = Grant("a", "SELECT", "owner", False)

    assert revoke(server(), object_words(TABLE), grant, "owner", 'c"') == (
        'REVOKE SELECT ("c""") ON TABLE "s"."t""x" FROM "a";'
    )


def test_what_was_passed_on_goes_with_the_right_to_pass_it_on() -> None:
    passed = Grant("b", "SELECT", "a", False)
    given = Grant("a", "SELECT", "owner", True)

    assert (
        revoke(server(), sql("TABLE t"), passed, "owner")
        == 'REVOKE GRANT OPTION FOR SELECT ON TABLE t FROM "a" CASCADE;'
    )
    assert revoke(server(), sql("TABLE t"), given, "owner") == 'REVOKE SELECT ON TABLE t FROM "a" CASCADE;'


def test_a_default_privilege_is_taken_back_where_it_was_given() -> None:
    grant = Grant(PUBLIC, "SELECT", "owner", False)

    assert revoke_default("owner", "s", "TABLES", grant) == (
        'ALTER DEFAULT PRIVILEGES FOR ROLE "owner" IN SCHEMA "s" REVOKE SELECT ON TABLES FROM PUBLIC;'
    )
    assert "IN SCHEMA" not in revoke_default("owner", "", "TABLES", grant)


def test_an_attribute_is_a_reason_only_when_the_role_has_it() -> None:
    where = server(roles=(Role("a", createrole=True),))

    assert [g.remedy for g in by_attribute(where, "a", "createrole")] == ['ALTER ROLE "a" NOCREATEROLE;']
    assert by_attribute(where, "b", "createrole") == ()
    assert by_role(where, "b", "pg_signal_backend") == ()


def test_without_a_reason_the_finding_says_so_and_has_a_remedy() -> None:
    detail, remedy, group = told(())

    assert "no grant that explains it" in detail
    assert remedy == "freehold apply --authoritative"
    assert group
