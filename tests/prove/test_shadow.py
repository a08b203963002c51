"""What a routine names without a schema, as an attacker reads it in the source."""

from __future__ import annotations

import pytest

from freehold.found.model import Object
from freehold.prove import shadow
from freehold.prove.asking import Answer
from freehold.prove.attacks.security_definer_hijack import Way, search_path, ways
from freehold.prove.scene import Thing


@pytest.mark.parametrize(
    ("source", "plain", "called"),
    [
        ("SELECT count(*) FROM account", {"select", "count", "from", "account"}, {"count"}),
        ("SELECT a.name FROM users.account a", {"select", "from", "a"}, set()),
        ('INSERT INTO "We""ird T" VALUES (1)', {"insert", "into", 'We"ird T', "values"}, {"values"}),
        ("x := lower (NEW.b)::TEXT", {"x", "lower", "text"}, {"lower"}),
        ("PERFORM pg_catalog.lower('x')", {"perform", "x"}, set()),
        ("SELECT größe FROM été", {"select", "größe", "from", "été"}, set()),
        ("", set(), set()),
    ],
)
def test_names_without_a_schema_are_found(source: str, plain: set[str], called: set[str]) -> None:
    found = shadow.names_in(source)

    assert found.plain == plain
    assert found.called == called


def test_operators_are_found() -> None:
    assert {"||", ">="} <= shadow.names_in("a || b >= c").operators


def routine(*config: str) -> Thing:
    thing = Object("FUNCTION", "users", "f", "shop_users_owner", security_definer=True, config=config)
    return Thing("main", "shop", "users", thing)


@pytest.mark.parametrize(
    ("config", "temporary", "create", "schemas", "expected"),
    [
        ((), False, False, (), []),
        ((), True, False, (), [Way("pg_temp", False, ("pg_catalog", "users"))]),
        ((), False, False, ("public",), [Way("public", False, ("public", "pg_catalog", "users"))]),
        ((), False, True, (), [Way(shadow.NAME, True, (shadow.NAME, "pg_catalog", "users"))]),
        (("search_path=users",), True, True, ("public",), [Way("pg_temp", False, ())]),
        (("search_path=users, pg_temp",), True, True, ("public",), []),
        (
            ("search_path=public, users, pg_temp",),
            True,
            False,
            ("public",),
            [Way("public", False, (), ("pg_catalog",))],
        ),
        (
            ('search_path="$user", public',),
            False,
            False,
            ("public",),
            [Way("public", False, (), ("pg_temp", "pg_catalog", "$user"))],
        ),
        (
            ("search_path=pg_catalog, pg_temp, users",),
            True,
            False,
            ("users",),
            [
                Way("users", False, (), ("pg_catalog", "pg_temp")),
                Way("pg_temp", False, (), ("pg_catalog",)),
            ],
        ),
        (('search_path=""',), True, False, (), [Way("pg_temp", False, ())]),
        (("work_mem=1MB", "search_path=pg_catalog, pg_temp"), True, True, ("x",), []),
    ],
)
def test_the_ways_in(
    config: tuple[str, ...], temporary: bool, create: bool, schemas: tuple[str, ...], expected: list[Way]
) -> None:
    assert list(ways(routine(*config), temporary, create, schemas)) == expected


def test_only_code_that_says_as_whom_it_ran_counts() -> None:
    said = Answer(sqlstate="P0004", message='freehold proof: view a b ran as "we"ird"')

    assert shadow.ran_as(said) == ("view a b", 'we"ird')
    assert shadow.ran_as(Answer(sqlstate="42501", message=said.message)) == ("", "")
    assert shadow.ran_as(Answer(sqlstate="P0004", message="assertion failed")) == ("", "")
    assert search_path(("work_mem=1MB",)) is None
    assert search_path(('search_path="a, b", "c""d"',)) == ("a, b", 'c"d')


def test_evidence_holds_what_made_the_shadow() -> None:
    made = [
        "CREATE VIEW pg_temp.account AS ..",
        "CREATE DOMAIN pg_temp.text ..",
        "CREATE TRIGGER .. ON pg_temp.account",
    ]

    assert shadow.of("trigger of view account", made) == (made[0], made[2])
    assert shadow.of("type text", made) == (made[1],)
