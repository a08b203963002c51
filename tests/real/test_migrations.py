"""Migrations on real servers: each with its ledger row or not at all, as the owner and as nobody else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.errors import ApplyFailed, MigrationError
from freehold.plan.model import MigrationFile
from freehold.ports import Servers
from freehold.spec.model import Layout, Migrations, Service
from freehold.sqltext import keyword, raw
from support.applying import Workshop, sql_file
from support.plans import platform

Make = Callable[..., Workshop]
LEAK = keyword("SELECT rolname FROM pg_catalog.pg_roles WHERE rolname LIKE '%deploy'")


@pytest.fixture
def make(servers: Servers, tmp_path: Path) -> Make:
    """(*files, layout) -> a platform of services "a", which has the files, and "b"."""

    def of(*files: MigrationFile, layout: Layout = Layout.SCHEMA_PER_SERVICE) -> Workshop:
        return Workshop(
            servers,
            tmp_path,
            platform(Service("a", ("a",), migrations=Migrations(folder="a")), Service("b", ("b",)), layout=layout),
            migrations={"a": files},
        )

    return of


def ledger(work: Workshop) -> list[tuple[object, ...]]:
    return work.servers.admin("main", "shop").query(
        keyword("SELECT service, name, applied_by FROM freehold.migration ORDER BY 1, 2")
    )


def tables(work: Workshop) -> list[tuple[object, ...]]:
    return work.servers.admin("main", "shop").query(
        keyword("SELECT schemaname, tablename, tableowner FROM pg_catalog.pg_tables WHERE schemaname IN ('a', 'b')")
    )


def test_a_migration_belongs_to_the_owner_role_and_is_in_the_ledger(make: Make) -> None:
    work = make(sql_file("1.sql", "create table t (id int); insert into t values (1)"), sql_file("2.sql", "table t"))
    work.apply()
    assert tables(work) == [("a", "t", "shop_a_owner")]
    assert ledger(work) == [("a", "1.sql", "tester@here"), ("a", "2.sql", "tester@here")]
    assert work.servers.admin("main").query(LEAK) == []
    assert work.sentences() == []


def test_a_migration_may_use_a_temporary_table_and_the_service_may_not(make: Make) -> None:
    work = make(
        sql_file(
            "1.sql",
            "create temporary table stage on commit drop as select 7 as id; create table t (id int);"
            " insert into t select id from stage",
        ),
    )
    work.apply()
    app = work.servers.login("main", "shop", "shop_a_app", work.secrets.password("shop_a_app"))
    try:
        assert app.query(keyword("table a.t")) == [(7,)]
        assert app.attempt(keyword("create temporary table stage (id int)")).sqlstate == "42501"
    finally:
        app.close()


def test_a_failing_migration_leaves_nothing_and_the_next_apply_goes_on(make: Make) -> None:
    work = make(
        sql_file("1.sql", "create table one (id int)"),
        sql_file("2.sql", "create table two (id int);\n\n-- a comment\nselect 1 / 0;\ncreate table three (id int)"),
        sql_file("3.sql", "create table four (id int)"),
    )
    with pytest.raises(
        ApplyFailed, match=r'migration "2.sql" of service "a" failed in line 4: division by zero'
    ) as caught:
        work.apply()
    assert "Nothing of it stayed" in caught.value.hint
    assert "freehold apply" in caught.value.hint
    assert any('"1.sql"' in what for what in caught.value.done)
    assert any('"2.sql"' in what for what in caught.value.left)
    assert [row[1] for row in tables(work)] == ["one"]
    assert [row[1] for row in ledger(work)] == ["1.sql"]
    assert work.servers.admin("main").query(LEAK) == []
    failed = work.servers.admin("main", "shop").query(
        keyword("SELECT name, error FROM freehold.journal WHERE outcome = 'failed'")
    )
    assert failed == [("2.sql", 'migration "2.sql" of service "a" failed in line 4: division by zero')]
    first, _, third = work.migrations["a"]
    work.migrations = {"a": (first, sql_file("2.sql", "create table two (id int)"), third)}
    work.apply()
    assert [row[1] for row in ledger(work)] == ["1.sql", "2.sql", "3.sql"]
    assert work.sentences() == []


def test_an_edited_migration_is_refused(make: Make) -> None:
    work = make(sql_file("1.sql", "create table t (id int)"))
    work.apply()
    work.migrations = {"a": (sql_file("1.sql", "create table t (id bigint)"),)}
    with pytest.raises(MigrationError, match="was edited after it ran"):
        work.plan()


ESCAPES = {
    "reset role in a function": "create function f() returns void language plpgsql as $$begin execute 'reset role'; "
    "execute 'create role evil superuser'; end$$; select f()",
    "set role in a do block": "do $$begin execute 'set role postgres'; end$$",
    "session authorization": "do $$begin execute 'set session authorization postgres'; end$$",
    "no role at all": "do $$begin execute 'set role none'; execute 'create table b.t (id int)'; end$$",
    "another service's schema": "create table b.t (id int)",
    "the ledger": "insert into freehold.migration values ('b', '1.sql', 'x', now(), 'me', gen_random_uuid(), 1)",
    "another service's report": "do $$begin execute 'set local role none'; "
    "perform freehold.migration_done('b', '1.sql', 1); end$$",
    "an early report": "do $$begin execute 'set local role none'; "
    "perform freehold.migration_done('a', '1.sql', 1); end$$",
    "the journal": "delete from freehold.journal",
    "a new role": "create role evil",
    "a file of the server": "copy (select 1) to '/tmp/freehold-evil'",
}


@pytest.mark.parametrize("text", ESCAPES.values(), ids=ESCAPES)
def test_a_migration_cannot_get_out_of_its_owner_role(make: Make, text: str) -> None:
    work = make(sql_file("1.sql", text))
    with pytest.raises(ApplyFailed, match=r'migration "1\.sql"'):
        work.apply()
    assert ledger(work) == []
    assert tables(work) == []
    assert work.servers.admin("main").query(keyword("SELECT 1 FROM pg_roles WHERE rolname = 'evil'")) == []


def test_the_escapes_are_real_when_nothing_stands_in_the_way(make: Make) -> None:
    """The control: in an administrator's session that did SET ROLE, the first escape works."""
    work = make()
    work.apply()
    admin = work.servers.admin("main", "shop")
    admin.execute(keyword("SET ROLE shop_a_owner; SET search_path = a"))
    admin.execute(raw(ESCAPES["reset role in a function"]))
    assert admin.query(keyword("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'evil'")) == [(1,)]


@pytest.mark.parametrize("word", ["commit", "reset role", "begin", "set session authorization x", "discard all"])
def test_a_statement_that_would_break_the_bookkeeping_is_refused_before_anything_runs(make: Make, word: str) -> None:
    work = make(sql_file("1.sql", f"create table t (id int);\n{word};\ncreate table u (id int)"))
    with pytest.raises(ApplyFailed, match="line 2: a migration may not"):
        work.apply()
    assert tables(work) == []


def test_a_commit_that_the_parser_did_not_see_is_noticed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from freehold.apply.run import migrate
    from freehold.apply.script import Piece, Script

    monkeypatch.setattr(migrate, "inspect", lambda text, _: Script((Piece(text, 1),), (), parsed=False))
    work = make(sql_file("1.sql", "create table t (id int); commit; begin; create table u (id int)"))
    with pytest.raises(ApplyFailed, match="ended the transaction it ran in"):
        work.apply()
    assert [row[1] for row in tables(work)] == ["t"]
    assert ledger(work) == []


CONCURRENTLY = (
    "-- freehold: no-transaction\n"
    "create index concurrently t_id on t (id);\ninsert into t values (7);\n"
    "create index concurrently t_id2 on t (id desc)"
)


def test_a_file_without_a_transaction_builds_indexes_concurrently(make: Make) -> None:
    work = make(sql_file("1.sql", "create table t (id int)"), sql_file("2.sql", CONCURRENTLY))
    work.apply()
    inside = work.servers.admin("main", "shop")
    assert inside.query(keyword("SELECT indexname FROM pg_indexes WHERE schemaname = 'a' ORDER BY 1")) == [
        ("t_id",),
        ("t_id2",),
    ]
    assert [row[1] for row in ledger(work)] == ["1.sql", "2.sql"]
    assert inside.query(keyword("SELECT count(*) FROM freehold.migration_progress")) == [(0,)]


def test_an_interrupted_index_is_built_again_and_nothing_runs_twice(make: Make) -> None:
    text = (
        "-- freehold: no-transaction\ninsert into t values (1);\n"
        "create unique index concurrently t_id on t (id);\ninsert into t values (2)"
    )
    work = make(sql_file("1.sql", "create table t (id int); insert into t values (1)"), sql_file("2.sql", text))
    with pytest.raises(ApplyFailed, match=r'"2.sql".* failed in line 3: could not create unique index'):
        work.apply()
    inside = work.servers.admin("main", "shop")
    invalid = keyword("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a.t_id'::regclass")
    assert inside.query(invalid) == [(False,)]
    inside.execute(keyword("DELETE FROM a.t WHERE ctid = (SELECT min(ctid) FROM a.t)"))
    work.apply()
    assert inside.query(invalid) == [(True,)]
    assert inside.query(keyword("SELECT id FROM a.t ORDER BY 1")) == [(1,), (2,)]
    assert [row[1] for row in ledger(work)] == ["1.sql", "2.sql"]
    assert any("dropping invalid index" in what for what in work.heard.said)


def test_an_interrupted_statement_that_only_a_person_can_judge_is_named_with_its_remedy(make: Make) -> None:
    text = "-- freehold: no-transaction\ncreate table t (id int);\ndo $$begin insert into t values(1);end$$"
    work = make(sql_file("1.sql", text))
    plan = work.plan()
    work.apply()
    inside = work.servers.admin("main", "shop")
    # as a kill between the statement and its report leaves it
    inside.execute(
        keyword(
            "INSERT INTO freehold.migration_progress (service, name, sha256, run, who, login, total, done, running)"
            " SELECT service, name, sha256, run, '', '', 2, 1, 2 FROM freehold.migration;"
            "DELETE FROM freehold.migration"
        )
    )
    assert plan
    with pytest.raises(ApplyFailed, match=r"interrupted in its statement 2 \(line 3\)") as caught:
        work.apply()
    remedy = caught.value.hint.partition("If it did, run: ")[2].partition(";")[0]
    inside.execute(raw(remedy))
    work.apply()
    assert inside.query(keyword("SELECT id FROM a.t")) == [(1,)]
    assert [row[1] for row in ledger(work)] == ["1.sql"]
    assert work.sentences() == []


def test_a_leftover_login_is_removed_and_loses_nothing(make: Make) -> None:
    work = make(sql_file("1.sql", "create table t (id int)"))
    work.apply()
    inside = work.servers.admin("main", "shop")
    inside.execute(
        keyword(
            "CREATE ROLE shop_a_deploy LOGIN PASSWORD 'p'; GRANT shop_a_owner TO shop_a_deploy;"
            "GRANT CREATE ON SCHEMA a TO shop_a_deploy; SET ROLE shop_a_deploy; CREATE TABLE a.own (id int); RESET ROLE"
        )
    )
    left = work.servers.login("main", "shop", "shop_a_deploy", "p")
    work.apply()
    assert work.servers.admin("main").query(LEAK) == []
    assert ("a", "own", "shop_a_owner") in tables(work)
    with pytest.raises(Exception, match=r"terminat|lost|closed"):
        left.query(keyword("SELECT 1"))
    inside.execute(keyword("CREATE ROLE shop_a_deploy"))
    assert work.apply().applied == 0
    assert work.servers.admin("main").query(LEAK) == []


def test_what_one_file_sets_does_not_live_on_in_the_next(make: Make) -> None:
    work = make(
        sql_file("1.sql", "set search_path = pg_catalog; set work_mem = '1MB'"),
        sql_file("2.sql", "create table t (id int)"),
    )
    work.apply()
    assert tables(work) == [("a", "t", "shop_a_owner")]


def command(work: Workshop, text: str, digest: str = "1" * 64, directory: str = "") -> Workshop:
    work.platform = platform(
        Service("a", ("a",), migrations=Migrations(command=text, directory=directory)),
        Service("b", ("b",)),
        layout=Layout.SCHEMA_PER_SERVICE,
    )
    work.migrations = {}
    work.commands = {"a": digest}
    return work


PYTHON = (
    "import os, psycopg;c = psycopg.connect(os.environ[{name!r}], autocommit=True);"
    "c.execute('create table if not exists made (id int)');"
    "print(c.execute('select current_user, session_user').fetchone())"
)


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_URL_A"])
def test_a_services_own_tool_works_as_the_owner(make: Make, name: str) -> None:
    work = command(make(), f'"{sys.executable}" -c "{PYTHON.format(name=name)}"')
    work.apply()
    assert tables(work) == [("a", "made", "shop_a_owner")]
    assert ledger(work) == [("a", "command", "tester@here")]
    assert work.servers.admin("main").query(LEAK) == []
    assert work.sentences() == []
    work.commands = {"a": "2" * 64}
    assert work.apply().applied == 1
    assert work.sentences() == []


def test_a_tool_that_fails_is_named_without_its_password(make: Make) -> None:
    work = command(make(), "echo cannot reach $DATABASE_URL; exit 7")
    with pytest.raises(ApplyFailed, match="status 7: cannot reach postgresql://shop_a_deploy:<password>@") as caught:
        work.apply()
    assert caught.value.hint
    assert ledger(work) == []
    assert work.servers.admin("main").query(LEAK) == []


def test_an_alembic_project_is_applied_as_it_is(make: Make) -> None:
    project = Path(__file__).parent.parent / "fixtures" / "alembic_project"
    work = command(make(), f'"{sys.executable}" -m alembic upgrade head', directory=str(project))
    work.apply()
    assert tables(work) == [
        ("a", "alembic_version", "shop_a_owner"),
        ("a", "account", "shop_a_owner"),
    ] or {row[1:] for row in tables(work)} == {("alembic_version", "shop_a_owner"), ("account", "shop_a_owner")}
    inside = work.servers.admin("main", "shop")
    assert inside.query(keyword("SELECT version_num FROM a.alembic_version")) == [("0002",)]
    app = work.servers.login("main", "shop", "shop_a_app", work.secrets.password("shop_a_app"))
    app.execute(keyword("INSERT INTO account (id, name) VALUES (1, 'x')"))
    assert work.sentences() == []
