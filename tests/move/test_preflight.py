"""Every check finds what it is for on real servers, its remedy takes it away, and without it the check is silent."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from freehold import family
from freehold.finding import Finding, Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import FAMILY, findings, members
from freehold.move.run.preflight import gather
from freehold.pg.session import PgSession
from freehold.spec.model import TableName
from freehold.sqltext import quote_ident, raw
from support.clusters import PASSWORD, VERSIONS, clean, unlocked_hba
from support.moving import Clusters, Scene, scene

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("preflight")]

# the other way round in `make soak`
WAYS = ((18, 15), (15, 18)) if os.environ.get("FREEHOLD_SOAK") == "1" else ((18, 15),)

OTHER = "CREATE SCHEMA other; CREATE TABLE other.o (id int PRIMARY KEY)"
BASE = f"""{OTHER};
SET ROLE central_owner; CREATE TABLE shop.t (id int PRIMARY KEY, n int); RESET ROLE
"""


@dataclass
class Place:
    """A move between two servers, in whose way there is nothing but what a test puts there."""

    scene: Scene

    def on(self, side: str) -> PgSession:
        place = self.scene.move.source if side == "a" else self.scene.move.target
        return self.scene.servers.admin(place.instance, place.database)

    def run(self, side: str, text: str) -> None:
        session = self.on(side)
        for statement in filter(None, map(str.strip, re.split(r";(?=\s|$)", text))):
            session.execute(raw(statement))
        session.close()

    def found(self, name: str, change: Callable[[Facts], Facts] = lambda facts: facts) -> list[Finding]:
        return [one for one in findings(change(gather(self.scene.world, self.scene.move))) if one.code == name]


@pytest.fixture(scope="module", params=WAYS, ids=[f"{a}to{b}" for a, b in WAYS])
def place(request: pytest.FixtureRequest, clusters: Clusters) -> Iterator[Place]:
    if 15 not in VERSIONS:
        pytest.skip("PostgreSQL 15 is not installed here")
    source, target = request.param
    for version in (source, target):
        clean(clusters(version)[0])
        clusters(version)[1].write_hba("main", unlocked_hba())
    place = Place(scene(clusters, source, target, nasty=False))
    place.run("a", BASE)
    yield place
    place.scene.servers.tidy()


CASES: dict[str, tuple[str, str, str]] = {
    # check: what is done on the source, what on the target, and a part of the object or title that it must name
    "unlogged_tables": ('CREATE UNLOGGED TABLE shop."u""x" (n int PRIMARY KEY)', "", 'table "shop"."u""x"'),
    "large_objects": ("SET ROLE central_owner; SELECT lo_create(0); SELECT lo_create(0)", "", "owns 2 of them"),
    "inheritance": (
        (
            "CREATE TABLE shop.parent (n int PRIMARY KEY);"
            " CREATE TABLE other.child (PRIMARY KEY (n)) INHERITS (shop.parent)"
        ),
        "",
        "table other.child",
    ),
    "foreign_tables": (
        (
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE shop.f (n int)"
            " SERVER s"
        ),
        "",
        "foreign table shop.f",
    ),
    "oid_columns": ("ALTER TABLE shop.t ADD what regclass", "", '"shop"."t"."what"'),
    "unkeyed_types": ("CREATE DOMAIN shop.doc AS json; CREATE TABLE shop.j (d shop.doc[], n int)", "", "table shop.j"),
    "generated_without_key": (
        "CREATE TABLE shop.made (n int, twice int GENERATED ALWAYS AS (n * 2) STORED)",
        "",
        'table "shop"."made"',
    ),
    "no_key": ("CREATE TABLE shop.keyless (n int)", "", "keyless"),
    "policy_roles": ('CREATE ROLE "stra""nger"; CREATE POLICY p ON shop.t TO "stra""nger"', "", "policy p ON shop.t"),
    "tablespaces": (
        (
            "SET allow_in_place_tablespaces = on; CREATE TABLESPACE fast LOCATION ''; CREATE INDEX i ON shop.t (n)"
            " TABLESPACE fast"
        ),
        "",
        "index shop.i",
    ),
    "trigger_modes": (
        (
            "CREATE TRIGGER g BEFORE UPDATE ON shop.t FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger();"
            " ALTER TABLE shop.t ENABLE ALWAYS TRIGGER g"
        ),
        "",
        "enabled ALWAYS",
    ),
    "event_triggers": (
        "",
        (
            "CREATE FUNCTION public.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
            ' CREATE EVENT TRIGGER "e v" ON sql_drop EXECUTE FUNCTION public.e()'
        ),
        'event trigger "e v"',
    ),
    "crossing_objects": (
        (
            "CREATE VIEW other.v AS SELECT n FROM shop.t; CREATE MATERIALIZED VIEW shop.mv AS SELECT * FROM other.o;"
            " CREATE RULE r AS ON DELETE TO shop.t DO ALSO DELETE FROM other.o;"
            " CREATE POLICY across ON other.o USING (EXISTS (SELECT FROM shop.t));"
            " CREATE FUNCTION shop.f(other.o) RETURNS int LANGUAGE sql AS 'SELECT 1'"
        ),
        "",
        "other",
    ),
    "crossing_defaults": (
        "CREATE SEQUENCE other.shared; ALTER TABLE shop.t ADD \"d.x\" int DEFAULT nextval('other.shared')",
        "",
        'for shop.t."d.x"',
    ),
    "mentioned_schemas": (
        (
            "CREATE FUNCTION shop.g() RETURNS int LANGUAGE plpgsql AS"
            " $$ BEGIN EXECUTE 'SELECT id FROM Other . o';END $$; CREATE FUNCTION shop.another() RETURNS text"
            " LANGUAGE sql AS 'SELECT $$another.o$$'"
        ),
        "",
        "function shop.g()",
    ),
    "full_sequences": (
        "CREATE TABLE shop.full (id serial PRIMARY KEY); SELECT setval('shop.full_id_seq', 2000000000)",
        "",
        'sequence "shop"."full_id_seq"',
    ),
    "casts": ("CREATE TYPE shop.pair AS (a int); CREATE CAST (shop.pair AS text) WITH INOUT", "", "shop.pair AS text"),
    "published": ("CREATE PUBLICATION p FOR TABLE shop.t", "CREATE PUBLICATION q FOR ALL TABLES", "publication"),
    "subscribed": (
        (
            "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false);"
            " INSERT INTO pg_subscription_rel VALUES ((SELECT oid FROM pg_subscription), 'shop.t'::regclass, 'r', NULL)"
        ),
        "",
        'subscription "s" on table shop.t',
    ),
    "target_not_empty": (
        "",
        "CREATE TYPE shop.mood AS ENUM (); CREATE TABLE shop.t (m shop.mood)",
        "type shop.mood, table shop.t",
    ),
    "database_comment": ("COMMENT ON DATABASE \"o'ld\" IS E'it''s\\n'", "", "comment does not go along"),
    "database_rights": (
        'CREATE ROLE "bo b"; GRANT SELECT (n) ON shop.t TO "bo b"',
        'CREATE ROLE "bo b"; REVOKE CONNECT, TEMPORARY ON DATABASE "n""ew" FROM PUBLIC',
        'role "bo b": it has rights on what the service has, and has no CONNECT, TEMPORARY on database',
    ),
    "database_settings": (
        "",
        'ALTER DATABASE "n""ew" SET work_mem = \'3MB\'; ALTER ROLE ALL SET "My.x" = \'y\'',
        'setting "work_mem" of everybody in its database on instance "b"',
    ),
    "role_rights": (
        (
            'CREATE ROLE "re port"; GRANT "re port" TO "central\'app"; CREATE ROLE boss; GRANT central_ro TO boss;'
            ' GRANT SET ON PARAMETER log_duration TO "central\'app"; GRANT central_owner TO CURRENT_USER'
        ),
        'CREATE ROLE "re port"; CREATE ROLE boss',
        'role "shop_app" on instance "b": it is no member of "re port"',
    ),
    "logical_slots": (
        "SELECT pg_create_logical_replication_slot('debezium', 'pgoutput')",
        "",
        'replication slot "debezium" in database "o\'ld" on instance "a": nobody reads it now (pgoutput)',
    ),
    "key_triggers": (
        (
            'CREATE TABLE shop.child (id int PRIMARY KEY DEFERRABLE, t int CONSTRAINT "a k" REFERENCES shop.t);'
            " ALTER TABLE shop.t DISABLE TRIGGER ALL; ALTER TABLE shop.child DISABLE TRIGGER ALL"
        ),
        "",
        'constraint "a k" ON shop.child: its triggers are disabled',
    ),
    "invalid_indexes": (
        (
            'CREATE INDEX "i v" ON shop.t (n);'
            " UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.\"i v\"'::regclass"
        ),
        "",
        'index shop."i v" on shop.t: it is not valid',
    ),
    "extensions": ("CREATE EXTENSION citext SCHEMA ext; ALTER TABLE shop.t ADD c ext.citext", "", 'extension "citext"'),
}

LEFT = {
    "role_rights": (
        'DROP ROLE "re port", boss; REVOKE SET ON PARAMETER log_duration FROM "central\'app";'
        " REVOKE central_owner FROM CURRENT_USER"
    ),
    "key_triggers": "DROP TABLE shop.child",
    "database_comment": 'COMMENT ON DATABASE "o\'ld" IS NULL',
    "database_rights": 'REVOKE ALL ON shop.t FROM "bo b"; REVOKE SELECT (n) ON shop.t FROM "bo b"; DROP ROLE "bo b"',
    "invalid_indexes": 'DROP INDEX shop."i v"',
    "foreign_tables": "DROP FOREIGN DATA WRAPPER w CASCADE",
    "policy_roles": 'DROP POLICY p ON shop.t; DROP ROLE "stra""nger"',
    "tablespaces": "DROP INDEX shop.i; DROP TABLESPACE fast",
    "trigger_modes": "DROP TRIGGER g ON shop.t",
    "oid_columns": "ALTER TABLE shop.t DROP what",
    "inheritance": "DROP TABLE shop.parent, other.child",
    "crossing_defaults": "DROP SEQUENCE other.shared",
    "extensions": "DROP EXTENSION citext CASCADE",
    "mentioned_schemas": "DROP FUNCTION shop.another",
}
"""What a case leaves behind on the source after its remedy."""


_AT_TARGET = ("policy_roles", "extensions", "database_comment", "database_rights", "role_rights")


@pytest.mark.parametrize("name", CASES)
def test_a_condition_is_found_and_its_remedy_takes_it_away(place: Place, name: str) -> None:
    source, target, named = CASES[name]

    assert place.found(name) == []
    place.run("a", source)
    place.run("b", target)

    found = place.found(name)

    assert found
    assert all(one.level is members()[name].level or name == "extensions" for one in found)
    assert named in " ".join(f"{one.object}: {one.title}" for one in found)
    for one in found:
        on_target = (target and not source) or 'on instance "b"' in one.object or name in _AT_TARGET
        place.run("b" if on_target else "a", one.remedy)
    left = place.found(name)
    assert [one for one in left if not (name == "extensions" and one.level is Level.WARNING)] == []
    place.run("a", LEFT.get(name, "SELECT 1"))
    place.run("b", 'DROP EVENT TRIGGER IF EXISTS "e v"; DROP EXTENSION IF EXISTS citext CASCADE')
    place.run("b", 'GRANT CONNECT, TEMPORARY ON DATABASE "n""ew" TO PUBLIC')


def test_nothing_is_in_the_way_of_a_plain_service(place: Place) -> None:
    facts = gather(place.scene.world, place.scene.move)
    place.run("a", "CREATE VIEW other.v AS SELECT n FROM shop.t")
    moving = {"other": "others"}
    together = place.found("crossing_objects", lambda facts: replace(facts, moving=moving))
    place.run("a", "DROP VIEW other.v")
    assert together == []
    left = {one.code for one in findings(facts)}
    assert left <= {"older_version"}, left


def test_what_an_extension_or_freehold_brings_belongs_to_no_service(place: Place) -> None:
    place.run(
        "a",
        "CREATE EXTENSION citext SCHEMA ext;"
        " CREATE FUNCTION shop.low(ext.citext) RETURNS text LANGUAGE sql AS 'SELECT $1::text';"
        " CREATE VIEW shop.lower AS SELECT ext.citext_cmp('a', 'b');"
        " CREATE FUNCTION freehold.denied() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL;END';"
        " CREATE TRIGGER freehold_moved BEFORE INSERT ON shop.t EXECUTE FUNCTION freehold.denied()",
    )
    found = [*place.found("crossing_objects"), *place.found("crossing_defaults"), *place.found("trigger_modes")]
    place.run("a", "DROP VIEW shop.lower; DROP EXTENSION citext CASCADE; DROP FUNCTION freehold.denied CASCADE")
    assert found == []


def test_every_object_of_another_service_that_is_in_the_way_is_named(place: Place) -> None:
    place.run("a", CASES["crossing_objects"][0])
    found = {
        one.object: one for one in place.found("crossing_objects", lambda f: replace(f, services={"other": "rest"}))
    }
    for one in found.values():
        place.run("a", one.remedy)
    assert set(found) == {
        "view other.v",
        "materialized view shop.mv",
        "rule r ON shop.t",
        "policy across on other.o",
        "function shop.f(other.o)",
    }
    assert 'service "rest"' in found["materialized view shop.mv"].title


APART = """
CREATE VIEW shop.simple AS SELECT id FROM other.o; GRANT SELECT, UPDATE ON shop.simple TO "central'app";
CREATE VIEW shop.mixed AS SELECT t.id FROM shop.t WHERE EXISTS (SELECT FROM other.o);
GRANT SELECT, UPDATE ON shop.mixed TO "central'app";
CREATE FUNCTION shop.reads() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM other.o);END';
CREATE FUNCTION shop.writes() RETURNS void LANGUAGE sql AS 'INSERT INTO other.o VALUES (1)';
CREATE FUNCTION shop.atomic() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM other.o;END;
CREATE FUNCTION other.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION shop.calls() RETURNS int LANGUAGE sql AS 'SELECT other.f()';
CREATE FUNCTION shop.loose() RETURNS bigint LANGUAGE sql AS 'SELECT id FROM o';
CREATE TABLE other.cut (id int) PARTITION BY LIST (id); CREATE TABLE other.cut1 PARTITION OF other.cut DEFAULT;
CREATE TABLE other.hidden (id int); ALTER TABLE other.hidden ENABLE ROW LEVEL SECURITY;
CREATE VIEW shop.part AS SELECT max(id) FROM other.cut1; CREATE VIEW shop.hides AS SELECT max(id) FROM other.hidden;
CREATE VIEW other.back AS SELECT max(id) FROM shop.t
"""


def test_what_reads_as_declared_goes_along_and_nothing_else(place: Place) -> None:
    place.run("a", "SET check_function_bodies = off; " + APART)
    services = {"other": "re.st", "shop": "shop"}
    reads = {"shop": (TableName("other", "*"),), "re.st": (TableName("shop", "t"),)}

    def told(name: str, change: Callable[[Facts], Facts] = lambda facts: facts) -> dict[str, Finding]:
        ready = place.found(name, lambda facts: change(replace(facts, services=services, reads=reads)))
        return {one.object: one for one in ready}

    undeclared = told("crossing_objects", lambda facts: replace(facts, reads={}))
    wrong = told("crossing_objects")
    along = told("crossing_reads")
    loose = told("mentioned_schemas")
    staying = told("crossing_objects", lambda facts: replace(facts, replicas=reads))
    coming = told("crossing_objects", lambda facts: replace(facts, arriving={"other": "re.st"}))
    beside = told("crossing_reads", lambda facts: replace(facts, there=frozenset({"other"})))
    place.run("a", wrong["view shop.simple"].remedy)
    mended = told("crossing_objects")
    place.run("a", "DROP SCHEMA other CASCADE; DROP FUNCTION shop.reads, shop.writes, shop.calls, shop.loose; " + OTHER)

    assert set(wrong) == {
        "view shop.simple",
        "view shop.part",
        "view shop.hides",
        "function shop.writes()",
        "function shop.atomic()",
        "function shop.calls()",
    }
    assert set(mended) == set(wrong) - {"view shop.simple"}
    assert "without its schema" in loose["function shop.loose()"].title
    assert set(along) == {"view shop.mixed", "function shop.reads()", "view other.back"}
    assert set(undeclared) == set(wrong) | set(along)
    assert undeclared["view shop.mixed"].remedy == "services:\n  shop:\n    reads:\n      - other.o"
    assert undeclared["view other.back"].remedy == "services:\n  re.st:\n    reads:\n      - shop.t"
    assert "view other.back" in staying
    assert "cutover --service re.st" in coming["view shop.mixed"].remedy
    assert "as the table itself" in beside["view shop.mixed"].title
    assert "as a foreign table after complete" in beside["view other.back"].title


def test_a_crossing_key_is_told_with_what_becomes_of_it(place: Place) -> None:
    place.run("a", "ALTER TABLE shop.t ADD CONSTRAINT k FOREIGN KEY (n) REFERENCES other.o")
    (found,) = place.found("crossing_keys")
    together = place.found("crossing_keys", lambda facts: replace(facts, moving={"other": "rest"}))
    place.run("a", "ALTER TABLE shop.t DROP CONSTRAINT k")
    assert (found.level, found.object) == (Level.INFO, 'foreign key "k" on "shop"."t"')
    assert together == place.found("crossing_keys") == []


def test_who_waits_for_whom_is_seen(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freehold.move.preflight.long_transactions._LONG_MS", 0)
    monkeypatch.setattr("freehold.move.preflight.long_transactions._MUCH_TOO_LONG_MS", 0)
    assert place.found("long_transactions") == []
    writer = place.scene.servers.admin("b")
    writer.execute(raw("BEGIN"))
    writer.execute(raw("SELECT pg_catalog.txid_current()"))
    (found,) = place.found("long_transactions")
    place.run("b", found.remedy)
    assert found.level is Level.ERROR
    assert found.object.endswith('in instance "b"')
    assert place.found("long_transactions") == []


def test_a_client_beside_the_pool_is_named(place: Place) -> None:
    place.run("a", "ALTER ROLE central_ro LOGIN PASSWORD 'x'; GRANT CONNECT ON DATABASE \"o'ld\" TO central_ro")
    client = place.scene.servers.login("a", "o'ld", "central_ro", "x")
    ((pid,),) = client.query(raw("SELECT pg_backend_pid()"))
    pooled = place.found("direct_writers", lambda facts: replace(facts, pooled=frozenset({int(str(pid))})))
    (found,) = place.found("direct_writers")
    place.run("a", found.remedy)
    assert pooled == place.found("direct_writers") == []
    assert found.object.startswith(f'session {pid} of "central_ro"')


def test_a_vacuum_that_somebody_started_is_seen(place: Place) -> None:
    place.run(
        "a",
        "CREATE TABLE shop.big (n int PRIMARY KEY, t text); INSERT INTO shop.big SELECT n, repeat('x', 900)"
        " FROM generate_series(1, 2000) n; DELETE FROM shop.big WHERE n % 2 = 0",
    )
    slow = place.on("a")
    slow.execute(raw("SET vacuum_cost_delay = 100"))
    slow.execute(raw("SET vacuum_cost_limit = 1"))
    ((pid,),) = slow.query(raw("SELECT pg_backend_pid()"))
    assert place.found("vacuum_running") == []
    thread = threading.Thread(target=lambda: _ignore(slow))
    thread.start()
    try:
        for _ in range(100):
            found = place.found("vacuum_running")
            if found:
                break
            time.sleep(0.05)
    finally:
        place.run("a", f"SELECT pg_terminate_backend({pid})")
        thread.join()
    assert [one.object for one in found] == ["table shop.big"]
    place.run("a", "DROP TABLE shop.big")


def _ignore(session: PgSession) -> None:
    try:
        session.execute(raw("VACUUM shop.big"))
    except Exception:
        return


def test_what_only_the_caller_knows_is_judged(place: Place) -> None:
    facts = gather(place.scene.world, place.scene.move)
    told = replace(
        facts,
        has_pool=False,
        free_bytes_target=facts.source.bytes,
        free_bytes_source=facts.source.bytes - 1,
        maintained=(TableName("shop", "t"),),
    )
    assert {(one.code, one.level) for one in findings(told)} - {("older_version", Level.WARNING)} == {
        ("no_pool", Level.WARNING),
        ("disk_space", Level.ERROR),
        ("disk_space", Level.WARNING),
        ("maintained_partitions", Level.INFO),
    }
    enough = replace(facts, free_bytes_target=2 * facts.source.bytes, free_bytes_source=facts.source.bytes)
    assert {one.code for one in findings(enough)} <= {"older_version"}


def test_another_encoding_and_another_locale_are_seen(place: Place) -> None:
    clean_again = place.scene.servers.admin("b")
    name = quote_ident(place.scene.move.target.database)
    assert place.found("encoding") == place.found("locale") == []
    place.scene.servers.tidy()
    clean_again = place.scene.servers.admin("b")
    clean_again.execute(raw(f"DROP DATABASE {name} WITH (FORCE)"))
    clean_again.execute(raw(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"))
    (found,), (sorted_otherwise,) = place.found("encoding"), place.found("locale")
    place.scene.servers.tidy()
    clean_again = place.scene.servers.admin("b")
    for statement in found.remedy.split("; "):
        clean_again.execute(raw(statement))
    assert sorted_otherwise.level is Level.WARNING
    assert place.found("encoding") == []


def test_a_failed_build_a_left_over_and_a_build_under_way_are_told_apart(place: Place) -> None:
    place.run("a", "CREATE TABLE shop.twice (n int, m int); INSERT INTO shop.twice VALUES (1, 1), (2, 1)")
    place.on("a").attempt(raw("CREATE UNIQUE INDEX CONCURRENTLY once ON shop.twice (m)"))
    place.on("a").attempt(raw("REINDEX INDEX CONCURRENTLY shop.once"))
    place.run("a", "CREATE TABLE shop.cut (n int) PARTITION BY LIST (n); CREATE TABLE shop.cut1 PARTITION OF shop.cut"
        " DEFAULT; CREATE INDEX half ON ONLY shop.cut (n)")  # fmt: skip
    failed = place.found("invalid_indexes")
    building = replace(gather(place.scene.world, place.scene.move).source, invalid_indexes=(("s.i", "s.t", True),))
    (waits,) = place.found("invalid_indexes", lambda facts: replace(facts, source=building))
    for one in failed:
        place.run("a", one.remedy if "_cc" in one.object else "DROP INDEX shop.once")
    left = place.found("invalid_indexes")
    place.run("a", "DROP TABLE shop.twice, shop.cut")
    assert {one.object: one.remedy.split()[0] for one in failed} == {
        "index shop.once on shop.twice": "REINDEX",
        "index shop.once_ccnew on shop.twice": "DROP",
    }
    assert left == []
    assert "wait" in waits.remedy


def test_an_event_trigger_of_the_old_home_is_told(place: Place) -> None:
    place.run("a", CASES["event_triggers"][1])
    (found,) = place.found("event_triggers")
    place.run("a", 'ALTER EVENT TRIGGER "e v" DISABLE')
    left = place.found("event_triggers")
    place.run("a", 'DROP EVENT TRIGGER "e v"; DROP FUNCTION public.e')
    assert (found.level, found.object) == (Level.INFO, 'event trigger "e v" in database "o\'ld" on instance "a"')
    assert left == []


def test_a_slot_that_somebody_reads_is_told_so_and_freehold_s_own_is_not(place: Place) -> None:
    place.run("a", "SELECT pg_create_logical_replication_slot('freehold_mv_0a1b2c3d_f', 'pgoutput')")
    own = place.found("logical_slots")
    place.run("a", "SELECT pg_drop_replication_slot('freehold_mv_0a1b2c3d_f')")
    reader = place.on("a")
    reader.execute(raw("SELECT pg_create_logical_replication_slot('live', 'pgoutput', true)"))
    (found,) = place.found("logical_slots")
    of_link = place.found("logical_slots", lambda facts: replace(facts, links=frozenset({"live"})))
    reader.close()
    assert own == of_link == []
    assert "somebody reads it now" in found.title
    assert found.remedy.startswith("-- lead its reader")


def test_a_foreign_server_that_the_service_may_use_is_told(place: Place) -> None:
    make = 'CREATE FOREIGN DATA WRAPPER w; CREATE SERVER "s v" FOREIGN DATA WRAPPER w'
    place.run("a", make)
    out_of_reach = place.found("foreign_servers")
    place.run("a", 'GRANT USAGE ON FOREIGN SERVER "s v" TO central_ro')
    (found,) = place.found("foreign_servers")
    of_link = place.found("foreign_servers", lambda facts: replace(facts, links=frozenset({"s v"})))
    place.run("b", make + '; GRANT USAGE ON FOREIGN SERVER "s v" TO shop_ro')
    there = place.found("foreign_servers")
    for side in ("a", "b"):
        place.run(side, "DROP FOREIGN DATA WRAPPER w CASCADE")
    assert (found.level, found.object) == (Level.WARNING, 'foreign server "s v" in database "o\'ld" on instance "a"')
    assert out_of_reach == of_link == there == []


def test_who_has_rights_and_is_nobody_at_the_new_home_is_told(place: Place) -> None:
    place.run("a", 'CREATE ROLE carol; GRANT SELECT ON shop.t TO carol; GRANT CREATE ON DATABASE "o\'ld" TO carol')
    (found,) = place.found("database_rights")
    known = place.found("database_rights", lambda facts: replace(facts, platform_roles=frozenset({"carol"})))
    place.run("b", found.remedy)
    (then,) = place.found("database_rights")
    place.run("b", then.remedy)
    left = place.found("database_rights")
    place.run("a", 'REVOKE ALL ON shop.t FROM carol; REVOKE CREATE ON DATABASE "o\'ld" FROM carol; DROP ROLE carol')
    place.run("b", 'REVOKE ALL ON DATABASE "n""ew" FROM carol; DROP ROLE carol')
    assert "has no such role" in found.title
    assert then.remedy.startswith("GRANT CREATE ON DATABASE")
    assert known == left == []


def test_what_the_old_home_gives_to_everybody_is_told(place: Place) -> None:
    place.run("a", 'ALTER DATABASE "o\'ld" SET work_mem = \'3MB\'; ALTER DATABASE "o\'ld" SET search_path = a, "B c"')
    found = place.found("database_settings")
    for one in found:
        place.run("b", one.remedy)
    left = place.found("database_settings")
    for side, name in (("a", "o'ld"), ("b", 'n"ew')):
        place.run(side, f"ALTER DATABASE {quote_ident(name)} RESET ALL")
    assert {one.level for one in found} == {Level.INFO}
    assert {one.object.split()[1] for one in found} == {'"work_mem"', '"search_path"'}
    assert left == []


def test_a_setting_of_a_login_that_the_new_server_does_not_have_is_named(place: Place) -> None:
    name = "transaction_timeout" if place.scene.majors["a"] > place.scene.majors["b"] else "old_snapshot_threshold"
    roles = ('ALTER ROLE "central\'app" IN DATABASE "o\'ld" SET', 'ALTER DATABASE "o\'ld" SET', "ALTER ROLE ALL SET")
    if name == "old_snapshot_threshold":
        pytest.skip("nothing that 15 can set for a login is unknown to 18")
    place.run("a", ";".join(f"{whose} {name} = 300000" for whose in roles).replace(";", "; "))
    found = place.found("unknown_settings")
    for one in found:
        place.run("a", one.remedy)
    assert len(found) == 3
    assert place.found("unknown_settings") == []


def test_a_label_of_a_provider_is_told(place: Place) -> None:
    assert place.found("security_labels") == []
    place.run("a", "INSERT INTO pg_seclabel VALUES ('shop.t'::regclass, 'pg_class'::regclass, 0, 'sepgsql', 'x')")
    (found,) = place.found("security_labels")
    place.run("a", "DELETE FROM pg_seclabel")
    assert found.object == 'security labels of provider "sepgsql"'
    assert place.found("security_labels") == []


def test_a_login_that_is_no_superuser_is_told_so(place: Place) -> None:
    place.run("a", f"CREATE ROLE weak LOGIN PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
    servers = replace(
        place.scene.servers,
        places={**place.scene.servers.places, "a": replace(place.scene.servers.places["a"], user="weak")},
    )
    weak = Place(replace(place.scene, world=replace(place.scene.world, servers=servers)))
    (found,) = weak.found("missing_right")
    place.run("a", found.remedy)
    assert found.object == 'role "weak" on instance "a"'
    assert weak.found("missing_right") == []
    assert place.found("missing_right") == []


def test_every_check_has_a_test() -> None:
    elsewhere = {
        "casts", "crossing_keys", "crossing_reads", "direct_writers", "disk_space", "encoding",
        "foreign_servers", "free_senders", "free_slots", "free_workers", "locale", "long_transactions",
        "maintained_partitions", "missing_right", "newer_features", "no_pool", "older_version",
        "prepared_transactions", "refused_definitions", "security_labels", "unknown_settings", "vacuum_running",
        "wal_kept", "wal_level",
    }  # fmt: skip
    assert set(family.members(FAMILY, type(next(iter(members().values()))))) == elsewhere | set(CASES)


def test_an_extension_that_only_sql_uses_is_found_and_can_be_accepted(place: Place) -> None:
    key = 'extensions:shop:extension "pg_trgm"'
    place.run("a", "CREATE EXTENSION pg_trgm SCHEMA ext")

    def told(**changes: object) -> list[tuple[Level, str]]:
        found = place.found("extensions", lambda facts: replace(facts, **changes))  # type: ignore[arg-type]
        return [(one.level, one.title) for one in found if one.key == key]

    (alone,) = (one for one in place.found("extensions") if one.key == key)
    absent = place.found("extensions", lambda facts: replace(facts, target_there=False))
    (lines,) = (one.remedy for one in absent if one.key == key)
    accepted = told(accepted=frozenset({key}))
    of_others = told(neighbours={"pg_trgm": ("search",)})
    place.run("a", "CREATE FUNCTION shop.near(text) RETURNS real LANGUAGE plpgsql AS"
        " 'BEGIN RETURN ext.Similarity($1, ''x'');END'")  # fmt: skip
    named = told(neighbours={"pg_trgm": ("search",)})
    still_accepted = told(accepted=frozenset({key}))
    place.run("a", "DROP FUNCTION shop.near; CREATE INDEX near ON shop.t USING gin ((n::text) ext.gin_trgm_ops)")
    needed = told(accepted=frozenset({key}), neighbours={"pg_trgm": ("search",)})
    place.run("a", "DROP INDEX shop.near; REVOKE USAGE ON SCHEMA ext FROM PUBLIC")
    out_of_reach = told()
    place.run("a", "GRANT USAGE ON SCHEMA ext TO PUBLIC")
    place.run("b", alone.remedy)
    there = told()
    place.run("b", "ALTER EXTENSION pg_trgm SET SCHEMA public")
    elsewhere = told()
    place.run("a", "DROP EXTENSION pg_trgm")
    place.run("b", "DROP EXTENSION pg_trgm")

    assert (alone.level, alone.object) == (Level.ERROR, 'extension "pg_trgm"')
    assert key in json.loads(alone.detail[alone.detail.index("key: ") + 5 : alone.detail.index(", reason")])
    assert lines == "services:\n  shop:\n    extensions:\n      - pg_trgm"
    assert [level for level, _ in accepted] == [Level.INFO]
    assert [level for level, _ in of_others] == [Level.WARNING]
    assert "search declares it" in of_others[0][1]
    assert [level for level, _ in named] == [Level.ERROR]
    assert "text of a function" in named[0][1]
    assert [level for level, _ in still_accepted] == [Level.INFO]
    assert [level for level, _ in needed] == [Level.ERROR]
    assert out_of_reach == []
    assert [level for level, _ in there if level is not Level.WARNING] == []
    assert [level for level, _ in elsewhere] == [Level.WARNING]


def test_a_database_that_is_still_to_be_made_has_no_extension_but_what_every_one_has(place: Place) -> None:
    place.run("a", "CREATE EXTENSION pg_trgm SCHEMA ext")
    place.scene.servers.admin("b").execute(raw("CREATE EXTENSION pg_trgm"))
    there = gather(place.scene.world, place.scene.move, "postgres")
    place.scene.servers.admin("b").execute(raw("DROP EXTENSION pg_trgm"))
    place.run("a", "DROP EXTENSION pg_trgm")
    told = {one.object: one.level for one in findings(there) if one.code == "extensions"}
    assert told == {'extension "btree_gist"': Level.ERROR, 'extension "pg_trgm"': Level.ERROR}


def test_an_extension_that_the_new_home_will_get_is_in_nobodys_way(place: Place) -> None:
    place.run("a", CASES["extensions"][0])

    def told(*coming: str) -> list[str]:
        return [one.object for one in place.found("extensions", lambda facts: replace(facts, coming=coming))]

    assert 'extension "citext"' in told()
    assert 'extension "citext"' not in told("citext")
    place.run("a", LEFT["extensions"])
