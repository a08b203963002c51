"""Taking over SECURITY DEFINER routines for real: each way in is completed, and each safe routine stays safe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from freehold.prove.model import Report
from freehold.spec.model import Layout, Server, ServerKind
from freehold.sqltext import keyword
from support.clusters import VERSIONS, embedded, instance
from support.proofs import Built, build, small

ATTACK = ["security_definer_hijack"]
TEMPORARY = "GRANT TEMPORARY ON DATABASE shop TO shop_feed_app"
NEW_SCHEMA = "GRANT CREATE ON DATABASE shop TO shop_feed_app"
PUBLIC = "GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC"
OWN_SCHEMA = "GRANT USAGE, CREATE ON SCHEMA users TO shop_feed_app"
CLOSE = (
    "REVOKE TEMPORARY, CREATE ON DATABASE shop FROM shop_feed_app;\nREVOKE USAGE, CREATE ON SCHEMA public FROM PUBLIC;"
    "\nREVOKE CREATE ON SCHEMA users FROM shop_feed_app"
)
TYPE = "() RETURNS text LANGUAGE sql @AS 'SELECT current_user::text'"
SAFE = "pg_catalog, users, pg_temp"


@pytest.fixture(scope="module", params=VERSIONS)
def built(request: pytest.FixtureRequest) -> Iterator[Built]:
    with embedded([instance("main", request.param)]) as (_, servers):
        made = build(servers, small(Layout.SCHEMA_PER_SERVICE, Server("main", ServerKind.EMBEDDED)))
        helper = "CREATE FUNCTION users.trim_all(text) RETURNS text LANGUAGE sql RETURN $1"
        made.admin(f"SET ROLE shop_users_owner;\n{helper}", "shop")
        yield made


def explained(report: Report) -> str:
    return "\n".join(
        f"{f.object} | {f.title} | {f.detail} | {[e.text[-300:] for e in f.evidence]}"
        for f in (*report.violations, *report.unknown)
    )


def hijack(built: Built, opening: str, routine: str, path: str | None, kind: str = "FUNCTION") -> Report:
    """A routine of the service users that the service feed may call, and what feed can do with it."""
    setting = f"SET search_path = {path} " if path else ""
    built.admin(
        f"{opening};\nSET check_function_bodies = off;\nSET ROLE shop_users_owner;\n"
        f"CREATE {kind} users.victim{routine.replace('@', f'SECURITY DEFINER {setting}')};\n"
        "RESET ROLE;\nGRANT USAGE ON SCHEMA users TO shop_feed_app;\n"
        f"GRANT EXECUTE ON {kind} users.victim TO shop_feed_app",
        "shop",
    )
    try:
        return built.prove(attacks=ATTACK)
    finally:
        built.admin(
            f"DROP {kind} users.victim;\nREVOKE USAGE ON SCHEMA users FROM shop_feed_app;\n{CLOSE}",
            "shop",
        )


COUNT = "() RETURNS bigint LANGUAGE sql @AS 'SELECT count(*) FROM account'"
CASES = {
    "a table behind pg_temp": (TEMPORARY, COUNT, "users", "view account"),
    "a table where the caller sets the path": (TEMPORARY, COUNT, None, "view account"),
    "a type": (TEMPORARY, TYPE, "users", "type text"),
    "a type in a schema of the path before pg_catalog": (OWN_SCHEMA, TYPE, "users, pg_catalog, pg_temp", "type text"),
    "a write": (
        TEMPORARY,
        "(a int) RETURNS void LANGUAGE plpgsql @AS 'BEGIN INSERT INTO account (id) VALUES (a); END'",
        "users",
        "trigger of view account",
    ),
    "a routine that swallows errors": (
        TEMPORARY,
        "() RETURNS int LANGUAGE plpgsql @AS 'BEGIN PERFORM FROM account; EXCEPTION WHEN OTHERS THEN RETURN 0; END'",
        "users",
        "view account",
    ),
    "a strict routine": (
        TEMPORARY,
        "(a text, b int) RETURNS bigint LANGUAGE sql STRICT @AS 'SELECT count(*) FROM account WHERE name = a'",
        "users",
        "view account",
    ),
    "a function of the server": (
        NEW_SCHEMA,
        "(a text) RETURNS text LANGUAGE sql @AS 'SELECT lower(a)'",
        None,
        "function lower",
    ),
    "an operator": (
        NEW_SCHEMA,
        "(a text) RETURNS text LANGUAGE plpgsql @AS 'BEGIN RETURN a || a; END'",
        None,
        "operator ||",
    ),
    "a function through a schema of the path": (
        PUBLIC,
        "(a text) RETURNS text LANGUAGE plpgsql @AS 'BEGIN RETURN trim_all(a); END'",
        "public, users, pg_temp",
        "function trim_all",
    ),
    "a table through a schema of the path": (PUBLIC, COUNT, "public, users, pg_temp", "view account"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hijack_is_completed_and_nothing_of_it_stays(built: Built, name: str) -> None:
    opening, routine, path, what = CASES[name]
    report = hijack(built, opening, routine, path)
    session = built.servers.admin("main", "shop")
    left = session.query(keyword("SELECT proname FROM pg_catalog.pg_proc WHERE proname LIKE 'freehold_proof%'"))
    session.close()

    found = [f for f in report.violations if 'role "shop_feed_app"' in f.title]
    assert [f.code for f in found] == ATTACK, explained(report)
    assert 'as "shop_users_owner"' in found[0].title
    assert f"the {what} that the role had put into" in found[0].detail, found[0].detail
    assert f'{what} ran as "shop_users_owner"' in found[0].evidence[0].text
    assert report.by_attack["no_trace"]["unknown"] == 0, explained(report)
    assert left == []


SAFE_CASES = {
    "a path that ends in pg_temp": (TEMPORARY, COUNT, SAFE),
    "everything is qualified": (
        TEMPORARY,
        "() RETURNS bigint LANGUAGE sql @AS 'SELECT pg_catalog.count(*) FROM users.account'",
        "users",
    ),
    "its body was parsed when it was made": (TEMPORARY, "() RETURNS int LANGUAGE sql @RETURN 1", None),
    "nothing can be created": ("SELECT 1", COUNT, None),
    "a path without the schema that is open": (PUBLIC, COUNT, SAFE),
    "what it names is found before the schema that is open": (OWN_SCHEMA, TYPE, SAFE),
    "what it names is in the schema that is open": (
        OWN_SCHEMA,
        "() RETURNS bool LANGUAGE sql @AS 'SELECT true FROM account'",
        SAFE,
    ),
}


@pytest.mark.parametrize("name", SAFE_CASES)
def test_a_safe_routine_stays_green(built: Built, name: str) -> None:
    opening, routine, path = SAFE_CASES[name]
    report = hijack(built, opening, routine, path)

    assert report.passed, explained(report)
    assert report.by_attack["security_definer_hijack"]["held"] > 0


def test_what_does_not_come_to_the_trap_is_unknown_and_never_held(built: Built) -> None:
    early = "(a jsonb) RETURNS int LANGUAGE plpgsql @AS 'BEGIN IF a IS NULL THEN RETURN 0; END IF; PERFORM 1 FROM account; RETURN 1; END'"  # noqa: E501
    report = hijack(built, TEMPORARY, early, "users")

    assert not report.violations, explained(report)
    assert "was not completed" in report.unknown[0].title
    assert "SET search_path = pg_catalog" in report.unknown[0].remedy


def test_a_function_that_may_fit_better_is_unknown_and_its_remedy_names_the_schema(built: Built) -> None:
    lower = "(a text) RETURNS text LANGUAGE sql @AS 'SELECT lower(a)'"
    report = hijack(built, OWN_SCHEMA, lower, SAFE)

    assert not report.violations, explained(report)
    assert "was not completed" in report.unknown[0].title
    assert 'REVOKE CREATE ON SCHEMA "users" FROM PUBLIC, "shop_feed_app"' in report.unknown[0].remedy


def test_what_the_routine_does_on_the_way_changes_nothing(built: Built) -> None:
    counts = "() RETURNS bigint LANGUAGE sql @AS 'SELECT nextval(''users.numbers''); SELECT count(*) FROM account'"
    session = built.servers.admin("main", "shop")
    value = keyword("SELECT last_value, is_called FROM users.numbers")
    before = session.query(value)
    report = hijack(built, TEMPORARY, counts, "users")

    assert session.query(value) == before
    assert not report.violations, explained(report)
    assert report.unknown
    session.close()


def test_the_remedy_of_a_hijack_ends_it(built: Built) -> None:
    built.admin("GRANT TEMPORARY ON DATABASE shop TO PUBLIC;\nALTER FUNCTION users.whoami() RESET search_path", "shop")
    report = built.prove(attacks=ATTACK)
    for line in report.violations[0].remedy.splitlines():
        if not line.startswith("--"):
            built.admin(line, "shop")

    assert {f.object for f in report.violations} == {'function "users"."whoami"()'}, explained(report)
    assert built.prove(attacks=ATTACK).passed
    built.apply()
