"""Reads across databases on real servers: through foreign tables and replicas, with nothing beside what is declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.cli.made import restricted
from freehold.errors import ServerError
from freehold.spec.model import Layout
from freehold.sqltext import raw
from support.applying import Workshop, sql_file
from support.clusters import VERSIONS
from support.linked import ACCOUNT, TABLES, admin, rows, running, services, session, workshop

pytestmark = pytest.mark.real

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
        changed.apply()
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
        assert kinds == {"drop_mirror", "drop_foreign_server", "drop_link_login"}
        held = restricted(after.design(), plan, allow_destroy=False, services=())
        assert {step.kind for step in held.withheld} == kinds
        after.apply(plan)
        assert after.sentences() == []
        assert admin(after, "billing", "SELECT nspname FROM pg_namespace WHERE nspname = 'users'") == []
        assert admin(after, "billing", "SELECT * FROM pg_foreign_server") == []
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
