"""A plan does what it says on a real server: applied, the next one is empty; undone, everything is as it was."""

from __future__ import annotations

import pytest

from freehold.found.fingerprint import canonical, fingerprint
from freehold.plan import destroy
from freehold.plan.make import make
from freehold.plan.model import Design, MigrationFile
from freehold.ports import Servers
from freehold.spec.model import Layout, Migrations, Reference, Service, TableName
from freehold.sqltext import keyword
from support.plans import HOSTILE, design, platform, read, run, undo

pytestmark = pytest.mark.real

TABLE = MigrationFile("0001.sql", "a" * 64, "create table t (id bigint primary key); create sequence s;", True)
REFERS = MigrationFile("0001.sql", "b" * 64, "create table u (t bigint references ledger.t);", True)


def shop(layout: Layout) -> Design:
    """Five services that cross in every declared way, and a foreign application."""
    ledger = Service(
        "ledger",
        ("ledger", "ledger_archive"),
        migrations=Migrations(folder="."),
        publishes=(TableName("ledger", "t"),),
        extensions=("citext",),
        settings=(("synchronous_commit", "on"), ("TIMEZONE", "UTC"), ("log_statement", "ddl")),
    )
    billing = Service(
        "billing",
        ("billing",),
        migrations=Migrations(folder="."),
        reads=(TableName("ledger", "t"),),
        references=(Reference(TableName("billing", "u"), ("t",), TableName("ledger", "t"), ("id",)),),
        extensions=("citext",),
        settings=(("Synchronous_Commit", "off"), ("datestyle", "ISO, DMY"), ("log_statement", "ddl")),
    )
    report = Service("report", ("report",), reads=(TableName("billing", "*"),), publishes=(TableName("report", "*"),))
    foreign = Service("metabase", ())
    together = layout in (Layout.CENTRAL, Layout.SCHEMA_PER_SERVICE, Layout.GROUPS)
    return design(
        platform(ledger, billing, report, foreign, layout=layout, groups=(("money", ("ledger", "billing", "report")),)),
        migrations={"ledger": (TABLE,), "billing": (REFERS,)} if together else {"ledger": (TABLE,)},
    )


@pytest.mark.parametrize("layout", [layout for layout in Layout if layout is not Layout.INSTANCE_PER_SERVICE])
def test_an_applied_plan_leaves_nothing_to_do(servers: Servers, layout: Layout) -> None:
    wanted = shop(layout)
    plan = make(wanted, read(servers, wanted))
    assert plan.steps
    run(servers, plan.steps)
    after = make(wanted, read(servers, wanted))
    assert [step.say() for step in after.steps] == []
    assert [step.say() for step in after.undeclared] == []


@pytest.mark.parametrize("layout", [Layout.SCHEMA_PER_SERVICE, Layout.CENTRAL])
def test_each_service_has_the_settings_it_declares_and_a_shared_login_what_all_declare(
    servers: Servers, layout: Layout
) -> None:
    wanted = shop(layout)
    ledger, billing = (wanted.placements.of(name) for name in ("ledger", "billing"))
    run(servers, make(wanted, read(servers, wanted)).steps)
    admin = servers.admin("main")
    stored = keyword(
        "SELECT r.rolname, c FROM pg_catalog.pg_db_role_setting AS s"
        " JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole, unnest(s.setconfig) AS c"
        " WHERE c ~* '^(synchronous_commit|timezone|datestyle|log_statement)='"
    )
    found = {(str(role), str(setting)) for role, setting in admin.query(stored)}
    if layout is Layout.CENTRAL:
        assert found == set()
        return
    logins = {
        ledger.roles: ("synchronous_commit=on", "TimeZone=UTC", "log_statement=ddl"),
        billing.roles: ("synchronous_commit=off", "DateStyle=ISO, DMY", "log_statement=ddl"),
    }
    assert found == {(login, one) for roles, all_ in logins.items() for login in (roles.app, roles.ro) for one in all_}


def test_an_undone_plan_brings_the_fingerprint_back(servers: Servers) -> None:
    """Without migrations, which have no undo; the control schema is kept, and left out of what is found."""
    wanted = design(
        platform(Service("a", ("a",)), Service("b", ("b", "b2"), reads=(TableName("a", "*"),)), Service("c", ()))
    )
    before = read(servers, wanted)
    plan = make(wanted, before)
    run(servers, plan.steps)
    assert fingerprint(read(servers, wanted)) != fingerprint(before)
    undo(servers, plan.steps)
    after = read(servers, wanted)
    assert [canonical(server) for server in after.servers.values()] == [canonical(s) for s in before.servers.values()]
    assert fingerprint(after) == fingerprint(before)


def test_a_foreign_application_finds_its_extension_in_public(servers: Servers) -> None:
    wanted = design(platform(Service("prefect", (), extensions=("pg_trgm",))))
    run(servers, make(wanted, read(servers, wanted)).steps)
    session = servers.admin("main", "shop_prefect")
    where = session.query(
        keyword(
            "SELECT extnamespace::pg_catalog.regnamespace::text FROM pg_catalog.pg_extension WHERE extname = 'pg_trgm'"
        )
    )
    assert where == [("public",)]
    assert [step.say() for step in make(wanted, read(servers, wanted)).steps] == []


def test_hostile_names_are_ordinary(servers: Servers) -> None:
    services = [Service(name, (name + "s",), publishes=(TableName(name + "s", "*"),)) for name in HOSTILE]
    wanted = design(platform(*services, layout=Layout.DATABASE_PER_SERVICE))
    run(servers, make(wanted, read(servers, wanted)).steps)
    assert [step.say() for step in make(wanted, read(servers, wanted)).steps] == []


def test_destroy_drops_everything_that_was_declared(servers: Servers) -> None:
    wanted = shop(Layout.DATABASE_PER_SERVICE)
    run(servers, make(wanted, read(servers, wanted)).steps)
    steps = destroy.make(wanted, read(servers, wanted)).steps
    assert all(step.destructive for step in steps)
    run(servers, steps)
    left = read(servers, wanted).servers["main"]
    assert not [name for name in (*left.roles, *left.databases) if name.startswith("shop")]
    assert destroy.make(wanted, read(servers, wanted)).steps == ()


SLASHES = (*HOSTILE, "/x", "all", "+y", "@z", "back\\slash\\", "#c", "a,b")


def test_pg_hba_lets_in_exactly_the_declared_pairs_whatever_their_names(servers: Servers) -> None:
    """28P01: the line was found and the password was wrong. 28000: no line but the last, which rejects."""
    services = [Service(name, (), database=name) for name in SLASHES]
    wanted = design(platform(*services))
    plan = make(wanted, read(servers, wanted))
    run(servers, plan.steps)
    assert [step.say() for step in make(wanted, read(servers, wanted)).steps] == []
    version = read(servers, wanted).servers["main"].version
    blind = "\n" in "".join(SLASHES) and version < 160000
    for placement in wanted.placements.services:
        for database in SLASHES:
            answer = servers.probe("main", database, placement.roles.app, "wrong")
            # before 16 the line of the name with a line break says all and all: CONNECT alone keeps the others out
            allowed = database == placement.database or blind
            assert answer.sqlstate == ("28P01" if allowed else "28000"), (database, placement.roles.app, answer.message)
    assert blind == any("its line says all instead" in note for note in plan.notes)
