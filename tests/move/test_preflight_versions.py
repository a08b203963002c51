"""What a newer PostgreSQL has and an older one cannot hold is named before anything is made, and nothing is left of the
trial."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from freehold.finding import Finding
from freehold.move.preflight._kind import findings
from freehold.move.run.preflight import gather
from freehold.move.run.rehearsal import rehearse
from freehold.sqltext import ident, raw, sql
from support.clusters import VERSIONS, clean
from support.moving import OLD, Clusters, Scene, scene

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("preflight"),
    pytest.mark.skipif(15 not in VERSIONS, reason="PostgreSQL 15 is not installed"),
]

TABLES = """
CREATE TABLE shop.t (id int PRIMARY KEY, n int, "m m" int, k int, area int4range, during daterange);
CREATE TABLE shop.p (id bigint, at date NOT NULL, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
CREATE TABLE shop."p 1" PARTITION OF shop.p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""

NEWER = {
    'column "d b" of table shop.t': 'ALTER TABLE shop.t ADD "d b" int GENERATED ALWAYS AS (n * 2)',
    'column id of table shop."p 1"': "ALTER TABLE shop.p ALTER id ADD GENERATED ALWAYS AS IDENTITY",
    "constraint c on table shop.t": "ALTER TABLE shop.t ADD CONSTRAINT c CHECK (n > 0) NOT ENFORCED",
    "constraint f on table shop.t": "ALTER TABLE shop.t ADD CONSTRAINT f FOREIGN KEY (n) REFERENCES shop.t NOT VALID"
    "; ALTER TABLE shop.t ALTER CONSTRAINT f NOT ENFORCED",
    "constraint o on table shop.t": "ALTER TABLE shop.t ADD CONSTRAINT o UNIQUE (area, during WITHOUT OVERLAPS)",
    "constraint t_k_not_null on table shop.t": "ALTER TABLE shop.t ADD CONSTRAINT t_k_not_null NOT NULL k NOT VALID",
    'constraint "t_m m_not_null" on table shop.t': 'ALTER TABLE shop.t ADD NOT NULL "m m" NO INHERIT',
    'constraint "needs n" on table shop.t': 'ALTER TABLE shop.t ADD CONSTRAINT "needs n" NOT NULL n',
}
"""What must be named, and what makes it."""

REFUSED = {
    "view shop.io": "CREATE VIEW shop.io AS SELECT * FROM pg_catalog.pg_stat_io",
    "view shop.doc": "CREATE VIEW shop.doc AS SELECT JSON_VALUE('{\"a\":1}', '$.a') AS a",
    "table shop.ids": "CREATE TABLE shop.ids (id uuid PRIMARY KEY DEFAULT uuidv7())",
    "index shop.folded on shop.t": "CREATE INDEX folded ON shop.t (casefold(n::text))",
    'policy "p" on "shop"."t"': "CREATE POLICY p ON shop.t USING (uuidv7() IS NOT NULL)",
    "collation shop.c": "CREATE COLLATION shop.c (provider = builtin, locale = 'C.UTF-8')",
    "routine shop.f(integer)": "CREATE FUNCTION shop.f(int) RETURNS int LANGUAGE sql RETURN random(1, $1)",
}


@pytest.fixture(scope="module")
def down(clusters: Clusters) -> Iterator[Scene]:
    """From 18 to 15, with a service that has nothing that 15 could not hold."""
    for version in (18, 15):
        clean(clusters(version)[0])
    found = scene(clusters, 18, 15, nasty=False)
    run(found, TABLES)
    yield found
    found.servers.tidy()


def run(on: Scene, text: str) -> None:
    """On the source, as the service's owner."""
    session = on.servers.admin(on.move.source.instance, on.move.source.database)
    session.execute(sql("SET ROLE {}", ident(OLD.owner)))
    for statement in filter(None, map(str.strip, re.split(r";(?=\s|$)", text))):
        session.execute(raw(statement))
    session.close()


def told(on: Scene) -> tuple[Finding, ...]:
    facts = gather(on.world, on.move)
    return findings(replace(facts, refused=rehearse(on.world, facts)))


def test_a_service_of_which_15_knows_everything_is_let_through(down: Scene) -> None:
    assert {one.code for one in told(down)} == {"older_version"}


def test_newer_features_are_named_and_their_remedies_take_them_away(down: Scene) -> None:
    for text in NEWER.values():
        run(down, text)
    found = [one for one in told(down) if one.code != "older_version"]
    for one in found:
        run(down, one.remedy)
    assert {(one.code, one.object) for one in found} == {("newer_features", name) for name in NEWER}
    assert {one.code for one in told(down)} == {"older_version"}


def test_every_definition_that_15_refuses_is_named_and_the_trial_leaves_nothing(down: Scene) -> None:
    there = contents(down)
    for text in REFUSED.values():
        run(down, text)

    found = [one for one in told(down) if one.code != "older_version"]

    assert contents(down) == there
    assert {(one.code, one.object) for one in found} == {("refused_definitions", name) for name in REFUSED}
    for name in reversed(REFUSED):
        kind, what = name.split(" ", 1)
        run(down, f"DROP {kind} {what.replace(' on ', ' ON ') if kind == 'policy' else what.split(' on ')[0]}")
    assert {one.code for one in told(down)} == {"older_version"}


def test_a_setting_that_15_does_not_have_is_named(down: Scene) -> None:
    run(down, "CREATE FUNCTION shop.g() RETURNS int LANGUAGE sql SET transaction_timeout = 5 AS 'SELECT 1'")
    (found,) = [one for one in told(down) if one.code != "older_version"]
    run(down, found.remedy)
    assert (found.code, found.object) == ("unknown_settings", "function shop.g()")
    facts = replace(gather(down.world, down.move), settings=("work_mem", "my.own", "transaction_timeout"))
    assert [one.object for one in findings(facts) if one.code == "unknown_settings"] == [
        'setting "transaction_timeout" on instance "b"'
    ]


def contents(on: Scene) -> list[tuple[object, ...]]:
    """Everything in the target's database and every role of its server."""
    session = on.servers.admin(on.move.target.instance, on.move.target.database)
    question = (
        "SELECT 'role', rolname::text FROM pg_roles UNION ALL SELECT 'schema', nspname FROM pg_namespace"
        " UNION ALL SELECT 'relation', oid::regclass::text FROM pg_class WHERE relnamespace::regnamespace::text"
        " NOT LIKE 'pg\\_%' UNION ALL SELECT 'extension', extname FROM pg_extension ORDER BY 1, 2"
    )
    try:
        return session.query(raw(question))
    finally:
        session.close()
