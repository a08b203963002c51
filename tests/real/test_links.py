"""Reads across databases on real servers: through foreign tables and replicas, with nothing beside what is declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.cli.made import restricted
from freehold.errors import ServerError
from freehold.plan import destroy
from freehold.plan.hba import wanted_lines
from freehold.spec.model import Layout
from freehold.sqltext import raw
from support.applying import Workshop, sql_file
from support.clusters import VERSIONS
from support.linked import (
    ACCOUNT,
    SECRET,
    TABLES,
    admin,
    arrives,
    prove,
    rows,
    running,
    services,
    session,
    told,
    workshop,
)

pytestmark = pytest.mark.real

UPON = (
    "SET ROLE shop_billing_owner; CREATE VIEW billing.upon AS SELECT count(amount) AS n FROM users.account;"
    " CREATE MATERIALIZED VIEW billing.kept AS SELECT sum(amount) AS total FROM users.account; RESET ROLE"
)
ACROSS = (Layout.DATABASE_PER_SERVICE, Layout.INSTANCE_PER_SERVICE)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("layout", ACROSS, ids=str)
def test_a_foreign_table_reads_what_is_declared_and_nothing_else(layout: Layout, version: int, tmp_path: Path) -> None:
    some = services(ACCOUNT)
    with running(layout, version, some) as (_, servers):
        work = workshop(servers, tmp_path, layout, some)
        work.apply()
        assert work.sentences() == []
        for purpose in ("app", "ro"):
            assert rows(work, "billing", "SELECT count(*), sum(amount) FROM users.account", purpose) == [(100, 5050)]
        told = rows(work, "billing", "SELECT name, mail, status, tags, home, twice FROM users.account WHERE id = 2")
        assert told == [("n2", "2@x", "paid", "{new}", "(s,c)", 4)]
        assert rows(work, "billing", "SELECT id FROM users.account WHERE status = 'paid' ORDER BY id LIMIT 1") == [(2,)]
        assert rows(work, "billing", "SELECT id FROM users.account WHERE status IN ('new') AND id < 3") == [(1,)]
        for statement in (
            "INSERT INTO users.account (id) VALUES (0)",
            "UPDATE users.account SET name = 'x'",
            "DELETE FROM users.account",
            "TRUNCATE users.account",
            "IMPORT FOREIGN SCHEMA users FROM SERVER x INTO billing",
        ):
            refused = session(work, "billing").attempt(raw(statement))
            assert refused.sqlstate in ("42501", "42704"), statement
        with pytest.raises(ServerError, match=r"users\.secret.* does not exist"):
            rows(work, "billing", "SELECT * FROM users.secret")


def test_a_changed_source_is_followed(tmp_path: Path) -> None:
    some = services(ACCOUNT)
    with running(Layout.DATABASE_PER_SERVICE, 18, some) as (_, servers):
        work = workshop(servers, tmp_path, Layout.DATABASE_PER_SERVICE, some)
        work.apply()
        more = (
            "DROP VIEW paid; ALTER TABLE account ADD COLUMN vip boolean DEFAULT true;"
            " ALTER TABLE account ALTER COLUMN name TYPE varchar(40); ALTER TABLE account DROP COLUMN home;"
            " ALTER TYPE status ADD VALUE 'late' BEFORE 'paid'"
        )
        files = (sql_file("001.sql", TABLES), sql_file("002.sql", more))
        changed = Workshop(servers, tmp_path, work.platform, migrations={"users": files})
        assert [step.kind for step in changed.plan().steps] == ["migration", "mirror"]
        # what the reader built upon it stays
        admin(changed, "billing", UPON)
        changed.apply()
        for purpose in ("app", "ro"):
            assert rows(changed, "billing", "SELECT n, total FROM billing.upon, billing.kept", purpose) == [(100, 5050)]
        assert changed.sentences() == []
        assert rows(changed, "billing", "SELECT vip FROM users.account WHERE id = 1") == [(True,)]
        assert rows(changed, "billing", "SELECT 'late'::users.status < 'paid'") == [(True,)]
        # by hand, outside of any migration
        admin(changed, "users", "ALTER TABLE users.account RENAME COLUMN vip TO very")
        assert [step.say() for step in changed.plan().steps] == [
            'mirror schema "users" of database "shop_users": make "account" anew, whose columns changed'
        ]
        changed.apply()
        assert rows(changed, "billing", "SELECT very FROM users.account WHERE id = 1") == [(True,)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_read_that_is_no_longer_declared_leaves_nothing(version: int, tmp_path: Path) -> None:
    some = services(ACCOUNT)
    with running(Layout.DATABASE_PER_SERVICE, version, some) as (_, servers):
        before = workshop(servers, tmp_path, Layout.DATABASE_PER_SERVICE, some)
        before.apply()
        after = workshop(servers, tmp_path, Layout.DATABASE_PER_SERVICE, services())
        plan = after.plan()
        kinds = {step.kind for step in plan.steps if step.destructive}
        assert kinds == {"drop_mirror", "drop_foreign_server", "drop_link_login", "host_based_access"}
        held = restricted(after.design(), plan, allow_destroy=False, services=())
        assert {step.kind for step in held.withheld} == kinds
        after.apply(plan)
        assert after.sentences() == []
        assert admin(after, "billing", "SELECT nspname FROM pg_namespace WHERE nspname = 'users'") == []
        assert admin(after, "billing", "SELECT * FROM pg_foreign_server") == []
        assert admin(after, "users", "SELECT rolname FROM pg_roles WHERE rolname LIKE '%link'") == []


def test_a_run_that_ended_after_it_shut_logins_out_and_before_it_dropped_them_is_finished(tmp_path: Path) -> None:
    some = services(ACCOUNT)
    with running(Layout.DATABASE_PER_SERVICE, 18, some) as (_, servers):
        workshop(servers, tmp_path, Layout.DATABASE_PER_SERVICE, some).apply()
        after = workshop(servers, tmp_path, Layout.DATABASE_PER_SERVICE, services())
        servers.write_hba(
            "main", [line.written() for line in wanted_lines(after.design(), after.found().servers["main"])]
        )
        after.apply()
        assert after.sentences() == []
        assert admin(after, "users", "SELECT rolname FROM pg_roles WHERE rolname LIKE '%link'") == []


def test_what_is_applied_is_undone_exactly(tmp_path: Path) -> None:
    some = services(ACCOUNT)
    with running(Layout.DATABASE_PER_SERVICE, 18, some) as (_, servers):
        first = workshop(servers, tmp_path, Layout.DATABASE_PER_SERVICE, services())
        first.apply()
        work = workshop(servers, tmp_path, Layout.DATABASE_PER_SERVICE, some)
        before = first.found()
        plan = work.plan()
        work.apply(plan)
        assert rows(work, "billing", "SELECT count(*) FROM users.account") == [(100,)]
        work.undo(plan)
        assert first.found() == before


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("layout", ACROSS, ids=str)
def test_a_replica_holds_and_follows_what_is_declared(layout: Layout, version: int, tmp_path: Path) -> None:
    some = services(replicas=(ACCOUNT,))
    with running(layout, version, some) as (_, servers):
        work = workshop(servers, tmp_path, layout, some)
        work.apply()
        assert work.sentences() == []
        everything = (
            "SELECT id, name, mail::text, status::text, tags::text, home::text, amount, twice FROM users.account"
        )
        arrives(work, "billing", "SELECT count(*), sum(twice) FROM users.account", [(100, 10100)])
        assert sorted(rows(work, "billing", everything)) == sorted(admin(work, "users", everything))
        first = "SELECT id FROM users.account WHERE status > 'new' ORDER BY id LIMIT 1"
        assert rows(work, "billing", first, "ro") == [(2,)]
        admin(work, "users", "INSERT INTO users.account (id, status, amount) VALUES (101, 'new', 1)")
        admin(work, "users", "UPDATE users.account SET name = 'other' WHERE id = 2")
        admin(work, "users", "DELETE FROM users.account WHERE id = 1")
        arrives(work, "billing", "SELECT count(*), min(id), max(id) FROM users.account", [(100, 2, 101)])
        assert rows(work, "billing", "SELECT name FROM users.account WHERE id = 2") == [("other",)]
        for statement in (
            "INSERT INTO users.account (id) VALUES (0)",
            "UPDATE users.account SET name = 'x'",
            "DELETE FROM users.account",
            "TRUNCATE users.account",
        ):
            assert session(work, "billing").attempt(raw(statement)).sqlstate == "42501", statement
        report = prove(work)
        assert report.passed, told(report)
        assert report.by_attack["replicas_follow"]["held"] > 100
        assert any("could read every database of instance" in finding.title for finding in report.limits)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_replica_whose_source_changes_is_copied_again(version: int, tmp_path: Path) -> None:
    some = services(replicas=(ACCOUNT,))
    with running(Layout.DATABASE_PER_SERVICE, version, some) as (_, servers):
        work = workshop(servers, tmp_path, Layout.DATABASE_PER_SERVICE, some)
        work.apply()
        arrives(work, "billing", "SELECT count(*) FROM users.account", [(100,)])
        more = "ALTER TABLE account ADD COLUMN vip boolean DEFAULT true; ALTER TABLE account DROP COLUMN twice"
        files = (sql_file("001.sql", TABLES), sql_file("002.sql", more))
        changed = Workshop(servers, tmp_path, work.platform, migrations={"users": files})
        assert [step.kind for step in changed.plan().steps] == [
            "migration",
            "publication",
            "mirror",
            "refresh_subscription",
        ]
        changed.apply()
        assert changed.sentences() == []
        arrives(changed, "billing", "SELECT count(*) FROM users.account WHERE vip", [(100,)])
        admin(changed, "users", "UPDATE users.account SET vip = false WHERE id = 7")
        arrives(changed, "billing", "SELECT id FROM users.account WHERE NOT vip", [(7,)])


def test_a_read_changes_from_one_way_to_the_other_and_back(tmp_path: Path) -> None:
    layout = Layout.DATABASE_PER_SERVICE
    through, kept = services(ACCOUNT, SECRET), services(SECRET, replicas=(ACCOUNT,))
    with running(layout, 18, through) as (_, servers):
        for some, slots in ((through, 0), (kept, 1), (through, 0), (kept, 1)):
            work = workshop(servers, tmp_path, layout, some)
            plan = work.plan()
            # only rights of logins that nothing uses any more, and those logins
            gone = {"undeclared_grant", "drop_link_login", "host_based_access"}
            assert {step.kind for step in plan.steps if step.destructive and slots} <= gone
            work.apply(plan)
            assert work.sentences() == []
            arrives(work, "billing", "SELECT count(*) FROM users.account", [(100,)])
            assert rows(work, "billing", "SELECT token FROM users.secret") == [("top",)]
            assert admin(work, "users", "SELECT count(*) FROM pg_replication_slots") == [(slots,)]
            admin(work, "users", "UPDATE users.account SET name = name || 'x'")
        arrives(work, "billing", "SELECT name FROM users.account WHERE id = 1", [("n1xxxx",)])


@pytest.mark.parametrize("version", VERSIONS)
def test_replicas_that_are_no_longer_declared_leave_nothing(version: int, tmp_path: Path) -> None:
    layout = Layout.DATABASE_PER_SERVICE
    two, one, none = services(replicas=(ACCOUNT, SECRET)), services(replicas=(ACCOUNT,)), services()
    with running(layout, version, two) as (_, servers):
        work = workshop(servers, tmp_path, layout, two)
        work.apply()
        arrives(work, "billing", "SELECT count(*) FROM users.account", [(100,)])
        arrives(work, "billing", "SELECT count(*) FROM users.secret", [(1,)])
        work = workshop(servers, tmp_path, layout, one)
        admin(work, "users", "INSERT INTO users.secret SELECT g, 'x' FROM generate_series(2, 1000) AS g")
        work.apply()
        assert work.sentences() == []
        replicas = "SELECT relname::text FROM pg_class WHERE relnamespace = 'users'::regnamespace AND relkind = 'r'"
        assert admin(work, "billing", replicas) == [("account",)]
        admin(work, "users", "INSERT INTO users.secret VALUES (0, 'later')")
        admin(work, "users", "DELETE FROM users.account WHERE id > 50")
        arrives(work, "billing", "SELECT count(*) FROM users.account", [(50,)])
        work = workshop(servers, tmp_path, layout, none)
        held = restricted(work.design(), work.plan(), allow_destroy=False, services=())
        assert {step.kind for step in held.withheld} >= {"drop_subscription", "drop_mirror", "drop_publication"}
        work.apply()
        assert work.sentences() == []
        for nothing in (
            "SELECT slot_name::text FROM pg_replication_slots",
            "SELECT subname::text FROM pg_subscription",
            "SELECT pubname::text FROM pg_publication",
            "SELECT rolname::text FROM pg_roles WHERE rolname LIKE '%repl'",
        ):
            assert admin(work, "users", nothing) == [], nothing


def test_a_run_that_ended_before_the_last_changes_were_let_through_lets_them_through(tmp_path: Path) -> None:
    layout = Layout.DATABASE_PER_SERVICE
    two, one = services(replicas=(ACCOUNT, SECRET)), services(replicas=(ACCOUNT,))
    with running(layout, 18, two) as (_, servers):
        work = workshop(servers, tmp_path, layout, two)
        work.apply()
        arrives(work, "billing", "SELECT count(*) FROM users.secret", [(1,)])
        work = workshop(servers, tmp_path, layout, one)
        # what a run did that was killed there
        name = work.design().placements.links[0].name
        admin(work, "users", f"ALTER PUBLICATION {name} DROP TABLE users.secret")
        admin(work, "billing", f"ALTER SUBSCRIPTION {name} REFRESH PUBLICATION")
        kinds = [step.kind for step in work.plan().steps]
        assert kinds.index("drain_replica") < kinds.index("drop_mirror")
        admin(work, "users", "DELETE FROM users.account WHERE id > 50")
        work.apply()
        assert work.sentences() == []
        arrives(work, "billing", "SELECT count(*) FROM users.account", [(50,)])


def test_replicas_that_stand_still_go_as_others_do(tmp_path: Path) -> None:
    layout = Layout.DATABASE_PER_SERVICE
    two, one = services(replicas=(ACCOUNT, SECRET)), services(replicas=(ACCOUNT,))
    with running(layout, 18, two) as (_, servers):
        work = workshop(servers, tmp_path, layout, two)
        work.apply()
        arrives(work, "billing", "SELECT count(*) FROM users.secret", [(1,)])
        work = workshop(servers, tmp_path, layout, one)
        admin(work, "billing", f"ALTER SUBSCRIPTION {work.design().placements.links[0].name} DISABLE")
        admin(work, "users", "INSERT INTO users.secret SELECT g, 'x' FROM generate_series(2, 100) AS g")
        admin(work, "users", "DELETE FROM users.account WHERE id > 50")
        work.apply()
        assert work.sentences() == []
        arrives(work, "billing", "SELECT count(*) FROM users.account", [(50,)])


def test_replicas_are_undone_exactly_and_destroyed_without_a_trace(tmp_path: Path) -> None:
    layout = Layout.DATABASE_PER_SERVICE
    first, then = services(), services(replicas=(ACCOUNT, SECRET))
    with running(layout, 18, then) as (_, servers):
        plain = workshop(servers, tmp_path, layout, first)
        plain.apply()
        before = plain.found()
        work = workshop(servers, tmp_path, layout, then)
        plan = work.plan()
        work.apply(plan)
        arrives(work, "billing", "SELECT count(*) FROM users.account", [(100,)])
        work.undo(plan)
        assert plain.found() == before
        work.apply()
        work.apply(destroy.make(work.design(), work.found()))
        left = work.found().servers["main"]
        assert (left.subscriptions, left.replication_slots) == ((), ())
        assert [name for name in (*left.databases, *left.roles) if name.startswith("shop")] == []


def test_a_slot_that_is_gone_is_made_again_with_its_copies(tmp_path: Path) -> None:
    layout = Layout.DATABASE_PER_SERVICE
    some = services(replicas=(ACCOUNT,))
    with running(layout, 18, some) as (_, servers):
        work = workshop(servers, tmp_path, layout, some)
        work.apply()
        arrives(work, "billing", "SELECT count(*) FROM users.account", [(100,)])
        name = work.design().placements.links[0].name
        admin(work, "billing", f"ALTER SUBSCRIPTION {name} DISABLE")
        arrives(work, "users", "SELECT count(*) FROM pg_replication_slots WHERE active", [(0,)])
        admin(work, "users", f"SELECT pg_drop_replication_slot('{name}')")
        admin(work, "users", "DELETE FROM users.account WHERE id > 90")
        kinds = [step.kind for step in work.plan().steps]
        assert kinds == ["drop_subscription", "replication_slot", "subscription"]
        work.apply()
        assert work.sentences() == []
        arrives(work, "billing", "SELECT count(*) FROM users.account", [(90,)])


def test_a_table_without_a_key_can_still_be_changed_by_its_owner(tmp_path: Path) -> None:
    layout = Layout.DATABASE_PER_SERVICE
    some = services(replicas=(ACCOUNT, SECRET))
    tables = TABLES.replace("secret (id bigint PRIMARY KEY", "secret (id bigint")
    with running(layout, 18, some) as (_, servers):
        work = workshop(servers, tmp_path, layout, some, (tables,))
        work.apply()
        assert work.sentences() == []
        arrives(work, "billing", "SELECT count(*) FROM users.secret", [(1,)])
        changed = session(work, "users")
        assert changed.attempt(raw("UPDATE users.secret SET token = 'new'")).ok
        arrives(work, "billing", "SELECT token FROM users.secret", [("new",)])
        # a document is no value that could be found again
        odd = workshop(servers, tmp_path, layout, some, (tables, "ALTER TABLE secret ADD COLUMN doc json"))
        odd.apply()
        assert any('no primary key, and rows cannot be told apart by column "doc"' in note for note in odd.plan().notes)
