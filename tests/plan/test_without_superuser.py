"""An admin login that may create roles and databases, and is not superuser, can still hold a platform."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.pg.servers import PgServers
from freehold.plan.make import make
from freehold.plan.model import MigrationFile
from freehold.ports import Address, Servers
from freehold.spec.model import Layout, Migrations, Service, TableName
from freehold.sqltext import raw
from support.plans import design, platform, read, run

pytestmark = pytest.mark.real


@pytest.fixture
def plain(server: Address, servers: Servers) -> PgServers:
    session = servers.admin("main")
    session.execute(raw("create role boss login createrole createdb password 'boss'"))
    session.execute(raw("create database bosses owner boss"))
    session.close()
    return PgServers({"main": replace(server, user="boss", password="boss", maintenance_database="bosses")})


def test_it_creates_and_settles_a_platform(plain: PgServers) -> None:
    table = MigrationFile("1.sql", "a" * 64, "create table t (id int); create table u (id int)", True)
    wanted = design(
        platform(
            Service(
                "a",
                ("a",),
                migrations=Migrations(folder="."),
                publishes=(TableName("a", "t"),),
                extensions=("citext",),
                settings=(("work_mem", "8MB"), ("log_statement", "ddl")),
            ),
            Service("b", ("b",), reads=(TableName("a", "u"), TableName("a", "*"))),
            layout=Layout.SCHEMA_PER_SERVICE,
        ),
        migrations={"a": (table,)},
    )
    plan = make(wanted, read(plain, wanted))
    run(plain, plan.steps)
    after = make(wanted, read(plain, wanted))
    assert [step.say() for step in (*after.steps, *after.undeclared)] == []
    said = "\n".join(after.notes)
    assert "REPLICATION and BYPASSRLS" in said
    assert 'on database "postgres" stays with PUBLIC: only its owner "postgres"' in said
    assert "cannot read pg_authid" in said
    assert "cannot set log_statement for a role" in said
    assert "cannot set work_mem" not in said
