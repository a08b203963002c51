"""What nobody declared is listed always, and removed only by an authoritative design, and then exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.found.fingerprint import canonical
from freehold.plan.make import make
from freehold.plan.model import Design, MigrationFile
from freehold.ports import Servers
from freehold.spec.model import Layout, Migrations, Service
from freehold.sqltext import raw
from support.plans import design, platform, read, run, undo

pytestmark = pytest.mark.real

TABLE = MigrationFile(
    "0001.sql",
    "a" * 64,
    "create table t (id bigint primary key, n text); create sequence s; create view v as select * from t;"
    "create function f(a int) returns int language sql as 'select 1'; create type c as enum ('x');"
    "create procedure p() language sql as 'select 1';",
    True,
)

ALWAYS = {
    "login": 'alter role "shop_a_owner" login',
    "superuser": 'alter role "shop_a_app" superuser',
    "limit": 'alter role "shop_a_app" connection limit 99',
    "until": "alter role \"shop_a_app\" valid until '2020-01-01'",
    "password": "alter role \"shop_a_app\" password 'x'",
    "no password": 'alter role "shop_a_app" password null',
    "search_path": 'alter role "shop_a_app" in database shop set search_path = public',
    "timeout": 'alter role "shop_a_app" in database shop reset statement_timeout',
    "public connect": "grant connect on database shop to public",
    "public connect template1": "grant connect on database template1 to public",
    "public temp": "grant temporary on database postgres to public",
    "connect lost": "revoke connect on database shop from shop_a_app",
    "database limit": "alter database shop connection limit 7",
    "database owner": "alter database shop owner to shop_a_owner",
    "schema owner": "alter schema a owner to shop_b_owner",
    "usage lost": "revoke usage on schema a from shop_a_ro",
    "create in public": "grant create on schema public to public",
    "default lost": "alter default privileges for role shop_a_owner in schema a revoke select on tables from shop_a_ro",
    "default execute": "alter default privileges for role shop_a_owner grant execute on functions to public",
    "grant lost": "revoke select on a.t from shop_a_ro",
    "monitor": "revoke pg_monitor from shop_monitor",
    "setting": "alter system set work_mem = '999kB'; select pg_reload_conf()",
}

UNDECLARED = {
    "table": "grant select on a.t to shop_b_app",
    "public table": "grant select on a.t to public",
    "column": "grant select (n), update (n) on a.t to shop_b_app",
    "public column": "grant select (n) on a.t to public",
    "option": "grant select on a.t to shop_b_app with grant option",
    "by another": "grant select on a.t to shop_a_ro with grant option; set role shop_a_ro;"
    " grant select on a.t to shop_b_ro; reset role; revoke grant option for select on a.t from shop_a_ro cascade;"
    " grant update on a.t to shop_b_ro",
    "sequence": "grant usage on sequence a.s to shop_b_app",
    "function": "grant execute on function a.f(int) to shop_b_app",
    "procedure": "grant execute on procedure a.p() to public",
    "type": "grant usage on type a.c to shop_b_app",
    "view": "grant select on a.v to shop_b_app",
    "schema": "grant usage on schema a to shop_b_app",
    "schema create": "grant create on schema a to shop_a_app",
    "schema public": "grant usage, create on schema a to public",
    "truncate": "grant truncate on a.t to shop_a_app",
    "member": "grant shop_a_owner to shop_b_app",
    "member of app": "create role other login; grant shop_a_app to other with admin option",
    "connect": "grant connect on database postgres to shop_a_app",
    "create": "grant create on database shop to shop_a_app",
    "setting": "alter role shop_a_app set work_mem = '1GB'",
    "setting here": "alter role shop_a_app in database shop set app.x = 'it''s'",
    "database setting": "alter database shop set search_path = 'public', \"A b\"",
    "default": "alter default privileges for role shop_a_owner in schema a grant select on tables to shop_b_app",
    "default everywhere": "alter default privileges for role shop_a_owner grant select on tables to public",
    "owner": "alter table a.t owner to shop_b_app",
    "schema new": "create schema legacy authorization shop_b_app",
    "login left": "create role shop_old_app login",
    "lent without end": "create role shop_a_deploy login in role shop_a_owner",
    "lent to another": "drop role shop_a_deploy;"
    " create role shop_a_deploy login in role shop_b_owner valid until '2030-01-01'",
    "language": "create role x; grant usage on language sql to x",
    "extension": "create extension postgres_fdw schema public;"
    " grant usage on foreign data wrapper postgres_fdw to shop_b_app",
    "fdw": "create foreign data wrapper w; grant usage on foreign data wrapper w to shop_b_app",
}


def two(*, authoritative: bool = False) -> Design:
    """Two services in one database, one with a table."""
    return design(
        platform(
            Service("a", ("a",), migrations=Migrations(folder=".")),
            Service("b", ("b",)),
            layout=Layout.SCHEMA_PER_SERVICE,
        ),
        migrations={"a": (TABLE,)},
        authoritative=authoritative,
    )


@pytest.fixture
def applied(servers: Servers) -> Servers:
    wanted = two()
    run(servers, make(wanted, read(servers, wanted)).steps)
    after = make(wanted, read(servers, wanted))
    assert [step.say() for step in (*after.steps, *after.undeclared)] == []
    return servers


def spoil(servers: Servers, text: str) -> None:
    session = servers.admin("main", "shop")
    for part in text.split(";"):
        if part.strip():
            session.execute(raw(part))
    session.close()


def test_drift_of_what_is_declared_is_always_put_right(applied: Servers) -> None:
    for name, text in ALWAYS.items():
        spoil(applied, text)
        wanted = two()
        before = read(applied, wanted)
        plan = make(wanted, before)
        assert len(plan.steps) >= 1, name
        assert not any(step.destructive for step in plan.steps), name
        run(applied, plan.steps)
        assert [step.say() for step in make(wanted, read(applied, wanted)).steps] == [], name


def test_what_nobody_declared_is_listed_and_only_an_authoritative_design_removes_it_and_can_undo(
    applied: Servers,
) -> None:
    lax, strict = two(), two(authoritative=True)
    for name, text in UNDECLARED.items():
        spoil(applied, text)
        before = read(applied, lax)
        shown = make(lax, before)
        assert [step.say() for step in shown.steps] == [], name
        assert len(shown.undeclared) >= 1, name
        plan = make(strict, before)
        assert plan.undeclared == (), name
        assert [step.say() for step in plan.steps] == [step.say() for step in shown.undeclared], name
        run(applied, plan.steps)
        after = make(strict, read(applied, strict))
        assert [step.say() for step in after.steps] == [], name
        undo(applied, plan.steps)
        restored = read(applied, strict)
        assert [canonical(s) for s in restored.servers.values()] == [canonical(s) for s in before.servers.values()], (
            name
        )
        run(applied, plan.steps)


def test_a_foreign_database_is_closed_to_public_only_as_a_destructive_step(applied: Servers) -> None:
    spoil(applied, "create database elsewhere")
    wanted = two()
    steps = make(wanted, read(applied, wanted)).steps
    assert [(step.name, step.destructive) for step in steps] == [("elsewhere", True)]
    assert replace(steps[0], destructive=False).do() == steps[0].do()


def test_a_login_lent_for_a_while_to_act_as_its_own_owner_is_no_drift(applied: Servers) -> None:
    spoil(applied, "create role shop_a_deploy login in role shop_a_owner valid until '2030-01-01'")
    wanted = two()

    plan = make(wanted, read(applied, wanted))

    assert [step.say() for step in (*plan.steps, *plan.undeclared)] == []
