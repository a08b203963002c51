"""Apply on real servers: what was planned is there afterwards, once, journalled, and can be taken back."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from freehold.apply.fresh import PlanFile, check_fresh, digest
from freehold.errors import ApplyFailed, Busy, LocalStateError, StalePlan, Unreachable
from freehold.found.fingerprint import canonical
from freehold.found.locks import lock_key
from freehold.layouts.model import Instance
from freehold.local import planfile
from freehold.pg.embedded import Embedded
from freehold.pg.servers import PgServers
from freehold.plan.model import Statement
from freehold.plan.show import changes
from freehold.ports import Servers
from freehold.spec.model import Layout, Migrations, Reference, Server, ServerKind, Service, TableName
from freehold.sqltext import ident, keyword, literal, sql
from support.applying import Workshop, sql_file
from support.clusters import PASSWORD, servers_of
from support.plans import HOSTILE, platform

LEDGER = Service(
    "ledger",
    ("ledger", "ledger_archive"),
    migrations=Migrations(folder="ledger"),
    publishes=(TableName("ledger", "entry"),),
    extensions=("citext",),
)
BILLING = Service(
    "billing",
    ("billing",),
    migrations=Migrations(folder="billing"),
    reads=(TableName("ledger", "entry"),),
    references=(Reference(TableName("billing", "bill"), ("entry",), TableName("ledger", "entry"), ("id",)),),
)
REPORT = Service("report", ("report",), reads=(TableName("billing", "*"),))
METABASE = Service("metabase", ())


def shop(servers: Servers, folder: Path, layout: Layout = Layout.DATABASE_PER_SERVICE) -> Workshop:
    together = layout in (Layout.CENTRAL, Layout.SCHEMA_PER_SERVICE, Layout.GROUPS)
    entry = "ledger.entry" if together else "billing.copy"
    return Workshop(
        servers,
        folder,
        platform(
            LEDGER, BILLING, REPORT, METABASE, layout=layout, groups=(("money", ("ledger", "billing", "report")),)
        ),
        migrations={
            "ledger": (sql_file("001.sql", "create table entry (id bigint primary key, note citext)"),),
            "billing": (
                sql_file("001.sql", "create table copy (id bigint primary key)"),
                sql_file("002.sql", f"create table bill (entry bigint references {entry})"),
            ),
        },
    )


@pytest.mark.parametrize("layout", [layout for layout in Layout if layout is not Layout.INSTANCE_PER_SERVICE])
def test_after_an_apply_nothing_is_left_to_do(servers: Servers, tmp_path: Path, layout: Layout) -> None:
    work = shop(servers, tmp_path, layout)
    done = work.apply()
    assert done.applied > 20
    assert done.failed == 0
    assert work.sentences() == []
    assert work.apply().applied == 0


def test_an_apply_that_is_undone_leaves_the_servers_as_they_were(servers: Servers, tmp_path: Path) -> None:
    work = Workshop(
        servers, tmp_path, platform(Service("a", ("a",)), Service("b", ("b",), reads=(TableName("a", "*"),)), METABASE)
    )
    before = work.found()
    plan = work.plan()
    work.apply(plan)
    done = work.undo(plan)
    assert done.applied == len(plan.steps)
    assert [canonical(s) for s in work.found().servers.values()] == [canonical(s) for s in before.servers.values()]
    rows = servers.admin("main").query(keyword("SELECT count(*) FROM freehold.journal WHERE outcome = 'undone'"))
    assert rows[0][0] != 0


def test_hostile_names_are_ordinary(servers: Servers, tmp_path: Path) -> None:
    services = [Service(name, (name + "s",), migrations=Migrations(folder="x")) for name in HOSTILE]
    work = Workshop(
        servers,
        tmp_path,
        platform(*services),
        migrations={name: (sql_file(f"001 {name}.sql", 'create table "t%s" (id int)'),) for name in HOSTILE},
    )
    work.apply()
    assert work.sentences() == []
    assert servers.admin("main").query(keyword("SELECT rolname FROM pg_roles WHERE rolname LIKE '%deploy'")) == []


def test_the_journal_tells_who_did_what_and_no_secret(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    plan = work.plan()
    done = work.apply(plan)
    rows: list[tuple[object, ...]] = []
    for database in (None, "shop_billing", "shop_ledger", "shop_metabase", "shop_report"):
        rows += servers.admin("main", database).query(
            keyword(
                "SELECT run::text, platform, who, client, kind, name, sql, outcome, duration_ms FROM freehold.journal"
            )
        )
    assert len(rows) == len(plan.steps) == done.applied
    assert {row[:3] for row in rows} == {(done.journal_id, "shop", "tester@here")}
    assert {row[7] for row in rows} == {"done"}
    assert all(row[8] is not None for row in rows)
    assert {str(row[3]) for row in rows} == {"postgres 127.0.0.1"}
    text = "\n".join(str(row[6]) for row in rows)
    assert "'<password>'" in text
    assert "SCRAM-SHA-256$" not in text
    known = work.secrets.known()
    assert known
    assert not any(work.secrets.password(role) in text for role in known)


def test_a_login_works_with_the_stored_password(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    work.apply()
    role = "shop_billing_app"
    inside = servers.login("main", "shop_billing", role, work.secrets.password(role))
    assert inside.query(keyword("SELECT count(*) FROM bill")) == [(0,)]
    assert not servers.probe("main", "shop_billing", role, "wrong").ok


def test_two_applies_at_once_are_kept_apart(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    plan = work.plan()
    other = servers.admin("main")
    other.execute(keyword("SET application_name = 'the other one'"))
    other.query(sql("SELECT pg_advisory_lock({})", lock_key("shop")))
    with pytest.raises(Busy, match=r'application "the other one", user "postgres" from 127.0.0.1') as caught:
        work.apply(plan, wait_ms=0)
    assert "--wait" in caught.value.hint
    assert len(work.plan().steps) == len(plan.steps)
    threading.Timer(0.5, other.close).start()
    assert work.apply(plan, wait_ms=10_000).applied == len(plan.steps)
    assert any("waiting for another run" in what for what in work.heard.said)


def test_another_platform_on_the_same_server_is_not_kept_waiting(servers: Servers, tmp_path: Path) -> None:
    servers.admin("main").query(sql("SELECT pg_advisory_lock({})", lock_key("another")))
    assert shop(servers, tmp_path).apply(wait_ms=0).applied > 0


def test_a_lock_that_others_hold_is_waited_for_and_named(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    work.apply()
    work.migrations = {
        **work.migrations,
        "billing": (*work.migrations["billing"], sql_file("003.sql", "alter table copy add b int")),
    }
    reader = servers.admin("main", "shop_billing")
    reader.execute(keyword("BEGIN; SELECT * FROM billing.copy"))

    def let_go() -> None:
        deadline = time.monotonic() + 60
        while not any("waits for a lock" in what for what in work.heard.said) and time.monotonic() < deadline:
            time.sleep(0.05)
        reader.close()

    threading.Thread(target=let_go).start()
    work.apply()
    assert work.sentences() == []
    assert any("waits for a lock" in what for what in work.heard.said), work.heard.said


def test_a_batch_that_waits_names_the_one_in_its_way(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    work.apply()
    inside = servers.admin("main", "shop_billing")
    inside.execute(keyword("REVOKE SELECT ON billing.copy FROM shop_billing_app"))
    plan = work.plan()
    assert plan.steps
    inside.execute(
        keyword("SET application_name = 'nightly report'; BEGIN; GRANT SELECT ON billing.copy TO pg_monitor")
    )
    with pytest.raises(ApplyFailed, match="lock timeout") as caught:
        work.apply(plan, lock_wait_ms=0)
    assert caught.value.left == tuple(step.say() for step in plan.steps)
    threading.Timer(4.0, inside.close).start()
    assert work.apply(plan).applied == len(plan.steps)
    assert any("nightly report" in what for what in work.heard.said), work.heard.said
    assert work.sentences() == []


def test_a_plan_that_another_run_overtook_is_stale(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    plan = work.plan()
    servers.admin("main").execute(keyword("CREATE ROLE shop_billing_app"))
    with pytest.raises(StalePlan):
        work.apply(plan, look=work.found)
    assert work.apply(look=work.found).applied > 0


def test_what_a_killed_run_finished_is_left_out_unless_the_plan_must_be_exact(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    plan = work.plan()
    first = next(step for step in plan.steps if step.kind == "role")
    for effect in first.do():
        assert isinstance(effect, Statement)
        servers.admin("main").execute(effect.sql)

    with pytest.raises(StalePlan):
        work.apply(plan, look=work.found, exact=True)
    assert work.apply(plan, look=work.found).applied == len(plan.steps) - 1
    assert work.sentences() == []


def test_a_step_that_would_now_be_another_one_makes_the_plan_stale(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    plan = work.plan()
    roles = [step for step in plan.steps if step.kind == "role"]
    for effect in roles[0].do():
        assert isinstance(effect, Statement)
        servers.admin("main").execute(effect.sql)
    servers.admin("main").execute(sql("CREATE ROLE {} SUPERUSER", ident(roles[1].name)))

    with pytest.raises(StalePlan):
        work.apply(plan, look=work.found)


def test_a_plan_file_is_refused_once_anything_changed(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    plan = work.plan()
    file = PlanFile(plan.platform, plan.fingerprint, digest(work.design()), tuple(changes(plan)))
    planfile.write(tmp_path / "plan.json", file)
    kept = planfile.read(tmp_path / "plan.json")
    check_fresh(kept, work.plan(), work.design(), tuple(changes(work.plan())))
    servers.admin("main").execute(keyword("CREATE ROLE somebody"))
    with pytest.raises(StalePlan, match="servers were changed"):
        check_fresh(kept, work.plan(), work.design(), tuple(changes(work.plan())))
    servers.admin("main").execute(keyword("DROP ROLE somebody"))
    work.migrations = {**work.migrations, "ledger": (*work.migrations["ledger"], sql_file("002.sql", "select 1"))}
    with pytest.raises(StalePlan, match="migration was changed"):
        check_fresh(kept, work.plan(), work.design(), tuple(changes(work.plan())))


def test_a_database_that_was_half_dropped_is_cleared_away(servers: Servers, tmp_path: Path) -> None:
    work = shop(servers, tmp_path)
    work.apply()
    admin = servers.admin("main")
    # what a killed DROP DATABASE leaves
    admin.execute(keyword("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'shop_report'"))
    with pytest.raises(StalePlan, match=r'half dropped "shop_report"'):
        work.apply()
    work.apply()
    assert work.sentences() == []
    assert admin.query(keyword("SELECT datconnlimit FROM pg_database WHERE datname = 'shop_report'")) != [(-2,)]


def test_a_server_that_dies_is_named_and_the_next_apply_converges(
    fresh_embedded: Callable[..., tuple[list[Instance], Embedded, Servers]], tmp_path: Path
) -> None:
    instances, owner, servers = fresh_embedded(1)
    work = Workshop(servers, tmp_path, platform(LEDGER, REPORT, METABASE, servers=[instances[0].server]))
    work.migrations = {"ledger": (sql_file("001.sql", "create table entry (id int); select pg_sleep(0.2)"),)}
    pid = owner.status(instances)["i0"].pid

    def kill(what: str) -> None:
        if what.startswith("create database"):
            os.kill(pid, signal.SIGQUIT)

    work.heard.listen = kill
    with pytest.raises((ApplyFailed, Unreachable)) as caught:
        work.apply()
    assert caught.value.hint
    work.heard.listen = lambda what: None
    deadline = time.monotonic() + 20
    while owner.status(instances)["i0"].running and time.monotonic() < deadline:
        time.sleep(0.05)
    owner.up(instances, lambda name: PASSWORD)
    work.servers = servers_of(owner, instances)
    work.apply()
    assert work.sentences() == []
    rows = work.servers.admin("i0").query(
        keyword("SELECT count(*) FROM freehold.journal WHERE outcome = 'started'"),
    )
    assert rows == [(0,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_named_and_the_next_apply_converges(
    fresh_embedded: Callable[..., tuple[list[Instance], Embedded, Servers]], tmp_path: Path
) -> None:
    instances, owner, servers = fresh_embedded(1)
    data = owner.home(instances[0]).data
    # the server's own disk is shared with every other test, so a tablespace on a small one stands for it
    small = data.parent / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=777", "tmpfs", str(small)], check=False).returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        space = small / "space"
        space.mkdir()
        os.chown(space, data.stat().st_uid, data.stat().st_gid)
        space.chmod(0o700)
        admin = servers.admin("i0")
        admin.execute(sql("CREATE TABLESPACE small LOCATION {}", literal(str(space))))
        admin.execute(keyword("GRANT CREATE ON TABLESPACE small TO PUBLIC"))
        fill = "create table entry (id int) tablespace small; insert into entry select generate_series(1, 1000000)"
        work = Workshop(servers, tmp_path, platform(LEDGER, REPORT, servers=[instances[0].server]))
        work.migrations = {"ledger": (sql_file("001.sql", fill),)}
        with pytest.raises(ApplyFailed, match="No space left on device"):
            work.apply()
        assert servers.admin("i0", "shop_ledger").query(keyword("SELECT count(*) FROM freehold.migration")) == [(0,)]
        work.migrations = {"ledger": (sql_file("001.sql", fill.replace("1000000", "10")),)}
        work.apply()
        assert work.sentences() == []
        admin.execute(keyword("DROP DATABASE shop_ledger WITH (FORCE)"))
        admin.execute(keyword("DROP TABLESPACE small"))
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_a_full_local_disk_sends_nothing(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = shop(servers, tmp_path)
    before = work.found()
    plan = work.plan()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("freehold.local.folder.os.fsync", full)
    with pytest.raises(LocalStateError, match="no space left on device"):
        work.apply(plan)
    monkeypatch.undo()
    assert [canonical(s) for s in work.found().servers.values()] == [canonical(s) for s in before.servers.values()]
    work.apply(plan)
    assert work.sentences() == []


def test_each_instance_has_its_own_lock_and_journal(
    fresh_embedded: Callable[..., tuple[list[Instance], Embedded, Servers]], tmp_path: Path
) -> None:
    _, _, servers = fresh_embedded(3)
    services = [Service(f"i{number}", (f"s{number}",), migrations=Migrations(folder="x")) for number in range(3)]
    work = Workshop(
        servers,
        tmp_path,
        platform(*services, layout=Layout.INSTANCE_PER_SERVICE),
        migrations={service.name: (sql_file("1.sql", "create table t (id int)"),) for service in services},
    )
    done = work.apply()
    assert work.sentences() == []
    for name in ("i0", "i1", "i2"):
        rows = servers.admin(name).query(keyword("SELECT DISTINCT run::text, outcome FROM freehold.journal"))
        assert rows == [(done.journal_id, "done")]
    servers.admin("i2").query(sql("SELECT pg_advisory_lock({})", lock_key("shop")))
    work.migrations = {**work.migrations, "i2": (*work.migrations["i2"], sql_file("2.sql", "create table u (id int)"))}
    with pytest.raises(Busy, match='on instance "i2"'):
        work.apply(wait_ms=0)
    assert servers.admin("i2", "shop_i2").query(keyword("SELECT to_regclass('s2.u') IS NULL")) == [(True,)]


def test_a_failure_stops_what_is_not_running_yet_and_names_it(servers: Servers, tmp_path: Path) -> None:
    services = [Service(name, (name,), migrations=Migrations(folder="x")) for name in ("a", "b", "c", "d")]
    work = Workshop(
        servers,
        tmp_path,
        platform(*services),
        migrations={
            "a": (sql_file("1.sql", "select 1 / 0"),),
            "b": (sql_file("1.sql", "create table t (id int)"),),
            "c": (sql_file("1.sql", "create table t (id int)"),),
        },
    )
    plan = work.plan()
    with pytest.raises(ApplyFailed) as caught:
        work.apply(plan, workers=1)
    assert sorted([*caught.value.done, *caught.value.left]) == sorted(step.say() for step in plan.steps)
    assert sum("run migration" in what for what in caught.value.left) == 3
    assert caught.value.exit_status == 3
    work.migrations = {**work.migrations, "a": (sql_file("1.sql", "select 1"),)}
    work.apply()
    assert work.sentences() == []


def test_an_administrator_who_is_no_superuser_applies_too(servers: Servers, tmp_path: Path) -> None:
    admin = servers.admin("main")
    admin.execute(keyword("CREATE ROLE manager LOGIN CREATEROLE CREATEDB REPLICATION PASSWORD 'p'"))
    admin.execute(
        keyword("GRANT pg_read_all_data TO manager WITH ADMIN OPTION; GRANT pg_monitor TO manager WITH ADMIN OPTION")
    )
    place = replace(servers.addresses()["main"], user="manager", password="p")
    managed = PgServers({"main": place}, {})
    server = Server("main", ServerKind.URL, url="postgresql://manager@127.0.0.1/postgres")
    service = Service("a", ("a",), migrations=Migrations(folder="x"))
    work = Workshop(managed, tmp_path, platform(service, REPORT, servers=[server]))
    work.migrations = {"a": (sql_file("1.sql", "create table t (id int)"),)}
    with pytest.raises(
        ApplyFailed, match='login "manager" may not make schema "freehold" in database "postgres"'
    ) as caught:
        work.apply()
    assert 'GRANT CREATE ON DATABASE "postgres" TO "manager"' in caught.value.hint
    admin.execute(keyword("GRANT CREATE ON DATABASE postgres TO manager"))
    work.apply()
    assert work.sentences() == []
    assert admin.query(keyword("SELECT rolname FROM pg_roles WHERE rolname LIKE '%deploy'")) == []
    inside = servers.admin("main", "shop_a")
    assert inside.query(keyword("SELECT tableowner FROM pg_tables WHERE schemaname = 'a'")) == [("shop_a_owner",)]
